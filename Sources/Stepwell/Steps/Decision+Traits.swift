import Interpreter
import JSON

extension Decision.Next {
    /// Whether other branches of the execution may end with this one although they are not done.
    var abandonsBranches: Bool {
        switch self {
        case .failBranch, .endExecution(.failed), .endExecution(.timedOut): true
        default: false
        }
    }
}

extension Decision {
    /// About how many bytes the decision has on its way to the database.
    var weight: Int {
        var weight = 200 + branch.input.byteCount + (branch.taskInput?.byteCount ?? 0)
        weight += 100 * branch.events.count + branch.eventBytes
        switch next {
        case .endBranch(let output), .endExecution(.succeeded(let output)): weight += output.byteCount
        case .fork(let fork):
            if case .iterations(let items, _) = fork.children { weight += items.reduce(0) { $0 + $1.byteCount } }
        case .startExecution(let start): weight += start.input.byteCount
        case .invoke, .request, .pause, .proceed, .runMap, .awaitAnswer, .failBranch, .endExecution: break
        }
        return weight
    }
}
