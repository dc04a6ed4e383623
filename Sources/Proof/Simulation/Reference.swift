import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Store

/// What an undisturbed run of a machine comes to, by an engine that has neither workers nor a database.
struct Reference: Sendable {
    let output: JSONDocument?
    let error: String?
    /// The types of its events, sorted.
    let events: [String]

    /// - Parameter value: the `v` of the input.
    init(of name: String, value: Int, revisions: [Revision]) {
        let simulator = Simulator()
        simulator.machines = revisions.map {
            Simulator.Machine(arn: $0.machineName, name: $0.machineName, definition: $0.machine)
        }
        var calls: [String: Int] = [:]
        for function in SimulatedHandlers.names {
            simulator.functions[function] = { call in
                let value = SimulatedHandlers.value(of: (try? call.input.value()) ?? .null)
                calls[function, default: 0] += 1
                switch function {
                case "flaky" where calls[function, default: 0] <= SimulatedHandlers.failures(value):
                    return (.failed(error: "Flaky", cause: ""), 0.01)
                case "broken": return (.failed(error: "Broken", cause: ""), 0.01)
                default:
                    let reply: JSONValue = ["v": .number(JSONNumber(SimulatedHandlers.reply(function, value)))]
                    return (.succeeded(JSONDocument(reply)), 0.01)
                }
            }
        }
        if name == "Token" {
            // Nobody answers tokens in there: what follows the answer is one call.
            let answered = SimulatedHandlers.value(of: (try? SimulatedHandlers.answer(value).value()) ?? .null)
            output = JSONDocument(["v": .number(JSONNumber(SimulatedHandlers.reply("one", answered)))])
            error = nil
            events = []
            return
        }
        guard let machine = simulator.machines.first(where: { $0.name == name }) else {
            output = nil
            error = "there is no machine \(name)"
            events = []
            return
        }
        let execution = simulator.start(machine, input: Self.input(value))
        simulator.run()
        switch execution.end {
        case .succeeded(let output):
            self.output = output
            error = nil
        case .failed(let error, _), .timedOut(let error, _):
            output = nil
            self.error = error
        case nil:
            output = nil
            error = "it has not ended"
        }
        events = execution.history.dropFirst().map(\.event.type.rawValue).sorted()
    }

    /// What executions are started with.
    static func input(_ value: Int) -> JSONDocument {
        let items = (0..<4).map { JSONValue.object(["v": .number(JSONNumber(value + $0))]) }
        return JSONDocument(["v": .number(JSONNumber(value)), "items": .array(items)])
    }
}
