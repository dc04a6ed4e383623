package import JSON
import Postgres
import StatesLanguage

/// How a function is called from outside.
package enum InvocationKind: String, Sendable {
    /// Somebody waits for the answer, and decides about another attempt.
    case request = "function"
    /// As before, and they want to see what the function prints.
    case logged = "logged"
    /// Nobody waits: what becomes of it is set for the function.
    case event = "event"

    /// Whether a state machine's executions are calls of this kind. No other names have a space.
    package func isKind(ofMachine name: String) -> Bool { name.hasPrefix("\(rawValue) ") }
}

extension Store {
    /// Calls a function that workers offer: an execution of a state machine that is one Task. So a call is as durable as
    /// any execution, and workers find it where they find all work.
    ///
    /// Those state machines have a space in their names, as no others can, and are made when they are first needed.
    ///
    /// - Parameter function: as workers offer it: its name, with a version's number behind a colon.
    /// - Returns: the execution as `MACHINE:NAME`.
    package func invoke(
        _ function: String,
        payload: JSONDocument,
        kind: InvocationKind,
        traceHeader: String? = nil
    ) async throws(StoreError) -> String {
        let machine = Self.machine(of: function, kind)
        guard kind == .event else {
            return try await run(
                call(of: function),
                as: machine,
                entryFunction: function,
                input: payload,
                traceHeader: traceHeader
            )
        }
        let request = StartRequest(stateMachine: machine, name: nil, input: payload, traceHeader: traceHeader)
        do throws(StoreError) {
            _ = try await startExecutions([request])[0].get()
        } catch .stateMachineDoesNotExist {
            _ = try await machineOfEvents(function)
            _ = try await startExecutions([request])[0].get()
        }
        return "\(machine):\(request.name)"
    }

    /// Makes sure that there is the state machine whose executions are calls of a function that nobody waits for, as it is
    /// set for the function.
    ///
    /// - Returns: its name.
    func machineOfEvents(_ function: String) async throws(StoreError) -> String {
        let reference = FunctionReference(function)
        guard let reference, FunctionSettings.isName(reference.name) else {
            throw .validation("a function's name has 1 to 64 letters, digits, _ and -")
        }
        let machine = EventMachine(
            function: reference,
            settings: try await functionSettings(reference.name) ?? FunctionSettings(),
            place: "\(settings.region):\(settings.account)"
        )
        let name = Self.machine(of: function, .event)
        // It begins with a look at the event's age, by a worker that has the function.
        try await makeMachine(name, machine.definition, entryFunction: function)
        return name
    }

    private static func machine(of function: String, _ kind: InvocationKind) -> String {
        // What stands behind a colon would be a version or an alias of the machine.
        "\(kind.rawValue) \(function.replacing(":", with: "."))"
    }

    private func call(of function: String) -> JSONObject {
        let resource = "arn:aws:lambda:\(settings.region):\(settings.account):function:\(function)"
        // As long as Lambda lets a call run.
        let task: JSONObject = ["Type": "Task", "Resource": .string(resource), "TimeoutSeconds": 900, "End": true]
        return Self.definition(of: task)
    }

    /// A state machine that is one Task.
    private static func definition(of task: JSONObject) -> JSONObject {
        ["StartAt": "Invoke", "States": ["Invoke": .object(task)]]
    }

    /// Has a service called by a worker that can: an execution of a state machine that is one Task, as for functions.
    ///
    /// - Returns: the execution as `MACHINE:NAME`.
    package func call(
        _ service: String,
        _ action: String,
        parameters: JSONDocument
    ) async throws(StoreError) -> String {
        let task: JSONObject = [
            "Type": "Task", "Resource": .string("arn:aws:states:::\(service):\(action)"), "QueryLanguage": "JSONata",
            "Arguments": "{% $states.input %}", "End": true,
        ]
        let name = "service \(service):\(action)".replacing(":", with: ".")
        return try await run(Self.definition(of: task), as: name, input: parameters)
    }

    /// Keeps the end of what a call has printed, until whoever made the call takes it.
    package func keepLogTail(_ tail: String, of request: String, _ step: StepKey) async throws(StoreError) {
        _ = try await query(
            Statement(
                "select stepwell.keep_log_tail($1, $2, $3, $4)",
                [.int4(step.bucket), .uuid(step.execution), .text(request), .text(tail.storable)]
            )
        )
    }

    /// Takes what ``keepLogTail(_:of:_:)`` kept, and the id of the call; nil if there is nothing.
    ///
    /// - Parameter execution: as ``invoke(_:payload:kind:traceHeader:)`` answered it.
    package func takeLogTail(of execution: String) async throws(StoreError) -> (request: String, tail: String)? {
        let rows = try await query(
            Statement("select o_request, o_tail from stepwell.take_log_tail($1)", [.text(execution)])
        )
        return try decode { () throws(PostgresError) in
            guard let row = rows.first else { return nil }
            return (try row.text(0), try row.text(1))
        }
    }

    private func run(
        _ definition: JSONObject,
        as machine: String,
        entryFunction: String? = nil,
        input: JSONDocument,
        traceHeader: String? = nil
    ) async throws(StoreError) -> String {
        let request = StartRequest(stateMachine: machine, name: nil, input: input, traceHeader: traceHeader)
        do throws(StoreError) {
            _ = try await startExecutions([request])[0].get()
        } catch .stateMachineDoesNotExist {
            try await makeMachine(machine, definition, entryFunction: entryFunction)
            _ = try await startExecutions([request])[0].get()
        }
        return "\(machine):\(request.name)"
    }

    /// Whether a worker that lives offers a function.
    package func isOffered(_ function: String) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                """
                select exists (
                    select 1 from stepwell.workers w
                    where $1 = any (w.functions) and stepwell.lives(w.seen_at))
                """,
                [.text(function)]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().bool(0) }
    }

    private func makeMachine(
        _ name: String,
        _ definition: JSONObject,
        entryFunction: String? = nil
    ) async throws(StoreError) {
        let valid = try ValidDefinition(JSONValue.object(definition).text)
        _ = try await query(
            Statement(
                "select o_outcome from stepwell.deploy($1, $2, $3, $4, $5, null)",
                [
                    .text(name), .text(valid.text), .text(valid.entryState),
                    .text(entryFunction ?? valid.entryFunction), .int4(valid.timeoutSeconds),
                ]
            )
        )
    }
}
