import JSON
import Stepwell
import Store

/// What the workers of a simulation can do: functions whose answers depend on nothing but their events, although they
/// take their time, fail, and end their process.
struct SimulatedHandlers {
    let world: World
    let process: SimulatedProcess

    /// The error that a function fails with, named after what the machines expect.
    private struct NamedError: FunctionError {
        let errorName: String
    }

    static let names = ["one", "two", "flaky", "broken", "slow", "ask", "pill"]

    var functions: [Function] {
        Self.names.map { name in
            Function(name, timeout: nil) { [world, process] (event: JSONValue, context: FunctionContext) -> JSONValue in
                let handlers = SimulatedHandlers(world: world, process: process)
                return try await handlers.handle(name, event, context)
            }
        }
    }

    private func handle(_ function: String, _ event: JSONValue, _ context: FunctionContext) async throws -> JSONValue {
        let run = world.beginRun(of: function, context.idempotencyKey, on: process)
        defer { world.witness.ended(run) }
        let value = Self.value(of: event)
        if function == "ask", let token = event["token"]?.string { answerLater(token, value: value) }
        await process.sleep(until: process.now.advanced(by: duration(of: function)))
        guard !process.isDead, !Task.isCancelled else { throw CancellationError() }
        if function == "pill", world.witness.runs(of: context.idempotencyKey) <= Self.killings(value) {
            world.endsItsProcess(process)
            throw CancellationError()
        }
        world.witness.answered(run)
        switch function {
        case "flaky" where context.attempt <= Self.failures(value): throw NamedError(errorName: "Flaky")
        case "broken": throw NamedError(errorName: "Broken")
        default: return ["v": .number(JSONNumber(Self.reply(function, value))), "run": .number(JSONNumber(run))]
        }
    }

    private func duration(of function: String) -> Duration {
        let scheduler = world.scheduler
        if function == "slow" { return scheduler.duration(200_000...2_500_000) }
        switch scheduler.below(10) {
        case 0: return scheduler.duration(300_000...3_000_000)
        case 1, 2: return .zero
        default: return scheduler.duration(100...40_000)
        }
    }

    // MARK: Values

    /// What an event is to a function: one number.
    static func value(of event: JSONValue) -> Int {
        switch event {
        case .array(let elements): elements.reduce(0) { $0 + value(of: $1) }
        case .object(let members): members["v"].map { value(of: $0) } ?? 0
        case .number(let number): Int(number.integer ?? 0)
        case .string, .bool, .null: 7
        }
    }

    static func reply(_ function: String, _ value: Int) -> Int {
        (function == "two" ? value + 10 : value * 2 + 1) % 1000
    }

    /// How often `flaky` fails.
    static func failures(_ value: Int) -> Int { value % 5 }

    /// How often `pill` ends its process.
    static func killings(_ value: Int) -> Int { value % 5 }

    /// What an answer from outside says.
    static func answer(_ value: Int) -> JSONDocument {
        JSONDocument(.object(["v": .number(JSONNumber(value + 100))]))
    }

    /// Somebody outside answers a task, before or after its call returns, and more than once if nobody says that it
    /// arrived.
    private func answerLater(_ token: String, value: Int) {
        let world = world
        world.scheduler.after(world.scheduler.duration(0...1_500_000)) {
            let client = world.client
            let link = SimulatedLink(world, client)
            Task(executorPreference: client) {
                while !client.isDead {
                    do throws(StoreError) {
                        try await link.call { (state) throws(StoreError) in
                            try state.answerTask(token, .success(Self.answer(value)))
                        }
                        return
                    } catch .taskTimedOut {
                        return
                    } catch {
                        await client.sleep(until: client.now.advanced(by: .milliseconds(50)))
                    }
                }
            }
        }
    }
}
