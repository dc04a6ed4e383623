import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage

/// A branch and what happens to it, outcome by outcome; every decision is recorded at once.
struct Session {
    let interpreter: Interpreter
    var branch: Branch
    /// Everything that has been recorded, from the event after ExecutionStarted.
    private(set) var events: [HistoryEvent] = []
    private(set) var now = Timestamp.start
    private var random = SeededRandom(seed: 1)

    init(_ machine: StateMachine, input: JSONValue = [:], limits: Limits = Limits()) {
        interpreter = Interpreter(machine, limits: limits)
        branch = Branch(startAt: machine.scope.startAt, input: JSONDocument(input))
    }

    /// An iteration of a Map, or, without an item, a branch of a Parallel.
    init(_ machine: StateMachine, startAt state: String, input: JSONValue, item: MapItem? = nil) {
        interpreter = Interpreter(machine)
        branch = Branch(startAt: state, input: JSONDocument(input), item: item, lastEvent: .recorded(1))
    }

    /// What comes next after an outcome, so many seconds after the one before.
    mutating func on(_ outcome: Outcome, after seconds: Double = 0) -> Decision.Next {
        now = now.adding(seconds: seconds)
        let decision = interpreter.advance(branch, on: outcome, now: now, random: &random)
        branch = decision.branch
        events += branch.events
        branch.recordEvents(from: events.count - branch.events.count + 2)
        return decision.next
    }

    /// The types of all events.
    var types: [EventType] { events.map(\.type) }

    /// A detail of the last event that has it.
    func last(_ name: String) -> HistoryEvent.DetailValue? {
        events.lazy.reversed().flatMap(\.details).first { $0.name == name }?.value
    }
}

extension Decision.Next {
    /// The call of a function without limits.
    static func invoke(_ function: String, _ input: JSONValue) -> Decision.Next {
        .invoke(FunctionCall(function: function, input: JSONDocument(input)))
    }

    static func succeeded(_ output: JSONValue) -> Decision.Next { .endExecution(.succeeded(JSONDocument(output))) }

    static func failed(_ error: String?, _ cause: String?) -> Decision.Next {
        .endExecution(.failed(error: error, cause: cause))
    }

    /// A failure whose cause has the sentence that names state and event.
    static func runtimeError(in state: String, entered: Int, _ sentence: String) -> Decision.Next {
        .failed(
            "States.Runtime",
            "An error occurred while executing the state '\(state)' (entered at the event id #\(entered)). \(sentence)"
        )
    }
}

extension Outcome {
    static func succeeded(_ value: JSONValue) -> Outcome { .succeeded(JSONDocument(value)) }
}
