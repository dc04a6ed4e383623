package import JSON
import Postgres

/// How a function is called from outside.
package enum InvocationKind: String, Sendable {
    /// Somebody waits for the answer, and decides about another attempt.
    case request = "function"
    /// Nobody waits: a call that fails is made twice more.
    case event = "event"
}

extension Store {
    /// Calls a function that workers offer: an execution of a state machine that is one Task. So a call is as durable as
    /// any execution, and workers find it where they find all work.
    ///
    /// Those state machines have a space in their names, as no others can, and are made when they are first needed.
    ///
    /// - Returns: the execution as `MACHINE:NAME`.
    package func invoke(
        _ function: String,
        payload: JSONDocument,
        kind: InvocationKind,
        traceHeader: String? = nil
    ) async throws(StoreError) -> String {
        let resource = "arn:aws:lambda:\(settings.region):\(settings.account):function:\(function)"
        // As Lambda does it: fifteen minutes for a call, and two more attempts, after a minute and two.
        var task: JSONObject = ["Type": "Task", "Resource": .string(resource), "TimeoutSeconds": 900, "End": true]
        if kind == .event {
            task["Retry"] = [
                ["ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 2, "BackoffRate": 2]
            ]
        }
        return try await run(task, as: "\(kind.rawValue) \(function)", input: payload, traceHeader: traceHeader)
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
        // What stands behind a colon would be a version or an alias.
        let name = "service \(service):\(action)".replacing(":", with: ".")
        return try await run(task, as: name, input: parameters)
    }

    private func run(
        _ task: JSONObject,
        as machine: String,
        input: JSONDocument,
        traceHeader: String? = nil
    ) async throws(StoreError) -> String {
        let request = StartRequest(stateMachine: machine, name: nil, input: input, traceHeader: traceHeader)
        do throws(StoreError) {
            _ = try await startExecutions([request])[0].get()
        } catch .stateMachineDoesNotExist {
            try await makeMachine(machine, of: task)
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

    private func makeMachine(_ name: String, of task: JSONObject) async throws(StoreError) {
        let definition: JSONValue = ["StartAt": "Invoke", "States": ["Invoke": .object(task)]]
        let valid = try ValidDefinition(definition.text)
        _ = try await query(
            Statement(
                "select o_outcome from stepwell.deploy($1, $2, $3, $4, $5, null)",
                [
                    .text(name), .text(valid.text), .text(valid.entryState), .text(valid.entryFunction),
                    .int4(valid.timeoutSeconds),
                ]
            )
        )
    }
}
