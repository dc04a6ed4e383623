import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

/// A machine from a definition's text, which must be valid.
func machine(_ definition: String) throws -> StateMachine {
    let parsed = Definition(parsing: definition)
    return try #require(parsed.machine, "\(parsed.diagnostics.map { "\($0.location): \($0.message)" })")
}

/// A machine whose states are given as the members of `States`.
func machine(startAt: String, _ states: String) throws -> StateMachine {
    try machine(#"{"StartAt": "\#(startAt)", "States": {\#(states)}}"#)
}

extension Interpreter {
    /// An interpreter of a machine called `orders`, for its execution `order-1`.
    convenience init(_ machine: StateMachine, limits: Limits = Limits()) {
        self.init(
            machine: machine,
            execution: ExecutionInfo(
                arn: "arn:aws:states:eu-west-1:123456789012:execution:orders:order-1",
                name: "order-1",
                startTime: .start,
                stateMachineARN: "arn:aws:states:eu-west-1:123456789012:stateMachine:orders",
                stateMachineName: "orders",
                roleARN: "arn:aws:iam::123456789012:role/orders",
                input: JSONDocument(["execution": "input"])
            ),
            limits: limits
        )
    }

    /// `advance` with a fixed random source and the time of the start.
    func advance(_ branch: Branch, on outcome: Outcome, after seconds: Double = 0) -> Decision {
        var random = SeededRandom(seed: 1)
        return advance(branch, on: outcome, now: .start.adding(seconds: seconds), random: &random)
    }

    /// The first decision of a root branch.
    func begin(_ input: String = "{}") -> Decision {
        advance(Branch(startAt: machine.scope.startAt, input: JSONDocument(trusted: input)), on: .due)
    }
}

extension Timestamp {
    static let start = Timestamp(microseconds: 1_700_000_000_000_000)
}

extension Simulator {
    /// A finished run of one machine.
    static func run(
        _ machine: StateMachine,
        input: String = "{}",
        functions: [String: Simulator.Function] = [:],
        limits: Limits = Limits(),
        recordsCallsLate: Bool = false
    ) -> Execution {
        let simulation = Simulator()
        simulation.functions = functions
        simulation.limits = limits
        simulation.recordsCallsLate = recordsCallsLate
        let arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"
        let execution = simulation.start(
            Machine(arn: arn, name: "orders", definition: machine),
            input: JSONDocument(trusted: input)
        )
        simulation.run()
        return execution
    }
}

extension Simulator.Execution {
    /// One line per event: number, number of the event before, type.
    var lines: [String] {
        history.enumerated().map { "\($0 + 1) <- \($1.previous) \($1.event.type.rawValue)" }
    }
}
