import Expressions
import Interpreter
import JSON
import StatesLanguage

/// A whole execution in memory: every function answers at once with its input.
struct InterpreterRun {
    let interpreter: Interpreter

    init(_ workload: Workload) throws {
        guard let machine = Definition(parsing: workload.definition).machine else {
            throw BenchFailure("the definition of \(workload) is not valid")
        }
        let arn = "arn:aws:states:us-east-1:000000000000"
        let info = ExecutionInfo(
            arn: "\(arn):execution:\(workload.machine):1",
            name: "1",
            startTime: Timestamp(microseconds: 0),
            stateMachineARN: "\(arn):stateMachine:\(workload.machine)",
            stateMachineName: workload.machine,
            roleARN: nil
        )
        interpreter = Interpreter(machine: machine, execution: info)
    }

    /// - Returns: how many decisions it took.
    @discardableResult
    func run(input: JSONDocument) throws -> Int {
        var random = SystemRandomNumberGenerator()
        var branch = Branch(startAt: interpreter.machine.scope.startAt, input: input, lastEvent: .recorded(1))
        var outcome = Outcome.due
        for count in 1...1000 {
            let decision = interpreter.advance(branch, on: outcome, now: Timestamp(microseconds: 1), random: &random)
            branch = decision.branch
            branch.events = []
            switch decision.next {
            case .invoke(let call): outcome = .succeeded(call.input)
            case .proceed, .pause: outcome = .due
            case .endExecution: return count
            default: throw BenchFailure("the workflow needs more than functions")
            }
        }
        throw BenchFailure("the workflow does not end")
    }
}
