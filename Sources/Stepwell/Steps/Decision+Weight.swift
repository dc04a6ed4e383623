import Interpreter
import JSON

extension Decision {
    /// About how many bytes the decision has on its way to the database.
    var weight: Int {
        var weight = 200 + branch.input.byteCount + (branch.taskInput?.byteCount ?? 0)
        for event in branch.events {
            weight += 100
            for detail in event.details {
                if case .payload(let payload) = detail.value { weight += payload.byteCount }
            }
        }
        switch next {
        case .endBranch(let output), .endExecution(.succeeded(let output)): weight += output.byteCount
        case .fork(let fork):
            if case .iterations(let items, _) = fork.children { weight += items.reduce(0) { $0 + $1.byteCount } }
        case .startExecution(let start): weight += start.input.byteCount
        case .invoke, .pause, .proceed, .runMap, .awaitAnswer, .failBranch, .endExecution: break
        }
        return weight
    }
}
