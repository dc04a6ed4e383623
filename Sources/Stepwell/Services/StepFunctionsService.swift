import Expressions
import JSON
import Postgres
import Store

/// `aws-sdk:sfn`: the API of Step Functions, carried out on this worker's own database.
struct StepFunctionsService: Sendable {
    let store: Store

    /// What an action does. Answers to tasks are committed together with the step that gives them: exactly once.
    func body(of action: String) -> Function.Body {
        switch action {
        case "sendTaskSuccess", "sendTaskFailure":
            .transactional { parameters, context, transaction in
                do {
                    try await self.answerTask(action, APIArguments(parameters), in: transaction.transaction)
                } catch StoreError.postgres(let error) {
                    throw SQLError(error)
                } catch {
                    throw self.failure(error, context)
                }
                return JSONDocument(.object([:]))
            }
        default:
            .plain { parameters, context in
                var backoff = Backoff()
                while true {
                    do {
                        return JSONDocument(.object(try await self.answer(action, APIArguments(parameters), context)))
                    } catch let error as StoreError where error.isTransient {
                        try await Task.sleep(for: backoff.pause())
                    } catch {
                        throw self.failure(error, context)
                    }
                }
            }
        }
    }

    /// How the SDK tells of an API call that was refused.
    private func failure(_ error: any Error, _ context: FunctionContext) -> any Error {
        guard let fault = error as? APIFault ?? (error as? StoreError)?.apiFault(about: "") else { return error }
        return ServiceFailure(
            error: "Sfn.\(fault.name)Exception",
            cause: "\(fault.message) (Service: Sfn, Status Code: 400, Request ID: \(context.requestID))"
                + " (SDK Attempt Count: 1)"
        )
    }

    private func answerTask(
        _ action: String,
        _ arguments: APIArguments,
        in transaction: Postgres.Transaction
    ) async throws {
        let token = try arguments.required("TaskToken")
        if action == "sendTaskSuccess" {
            let output: JSONDocument?
            do throws(APIFault) {
                output = try arguments.document("Output")
            } catch {
                // What is wrong with the token is said first.
                try await store.checkTask(token: token, in: transaction)
                throw error
            }
            try await store.sendTaskSuccess(token: token, output: output, in: transaction)
        } else {
            try await store.sendTaskFailure(
                token: token,
                error: try arguments.text("Error"),
                cause: try arguments.text("Cause"),
                in: transaction
            )
        }
    }

    private func answer(
        _ action: String,
        _ arguments: APIArguments,
        _ context: FunctionContext
    ) async throws -> JSONObject {
        switch action {
        case "sendTaskHeartbeat":
            let token = try arguments.required("TaskToken")
            try await fault(about: "") { () throws(StoreError) in try await store.sendTaskHeartbeat(token: token) }
            return [:]
        case "startExecution":
            let machine = try arguments.required("StateMachineArn")
            let input = try arguments.document("Input") ?? JSONDocument(.object([:]))
            // Without a name the execution gets one that is the same after a crash.
            let name = try arguments.text("Name") ?? context.idempotencyKey
            let started = try await fault(about: machine) { () throws(StoreError) in
                try await store.startExecution(stateMachine: machine, name: name, input: input)
            }
            return ["ExecutionArn": .string(started.arn), "StartDate": .string("\(started.startedAt)")]
        case "stopExecution":
            let execution = try arguments.required("ExecutionArn")
            let (error, cause) = (try arguments.text("Error"), try arguments.text("Cause"))
            let stoppedAt = try await fault(about: execution) { () throws(StoreError) in
                try await store.stopExecution(execution, error: error, cause: cause)
            }
            return ["StopDate": .string("\(stoppedAt)")]
        case "describeExecution":
            let execution = try arguments.required("ExecutionArn")
            return try await fault(about: execution) { () throws(StoreError) in
                try await store.describe(execution).apiMembers { .string("\($0)") }
            }
            .capitalized
        case "listExecutions": return try await executions(arguments)
        case "getExecutionHistory": return try await history(arguments)
        case "describeStateMachine":
            let machine = try arguments.required("StateMachineArn")
            let definition = try await fault(about: machine) { () throws(StoreError) in
                try await store.definition(ofStateMachine: machine)
            }
            let name = Settings.machineName(machine)
            return [
                "Definition": .string(definition), "Name": .string(name),
                "StateMachineArn": .string(store.settings.stateMachineARN(name)), "Status": "ACTIVE",
                "Type": "STANDARD",
            ]
        case "listStateMachines":
            let machines = try await fault(about: "") { () throws(StoreError) in try await store.stateMachines() }
            let listed = machines.map { machine -> JSONValue in
                [
                    "CreationDate": .string("\(machine.createdAt)"), "Name": .string(machine.name),
                    "StateMachineArn": .string(machine.arn), "Type": "STANDARD",
                ]
            }
            return ["StateMachines": .array(listed)]
        default: return try await answerAboutActivities(action, arguments)
        }
    }

    private func answerAboutActivities(
        _ action: String,
        _ arguments: APIArguments
    ) async throws -> JSONObject {
        switch action {
        case "createActivity":
            let name = try arguments.required("Name")
            let activity = try await fault(about: name) { () throws(StoreError) in
                try await store.createActivity(name)
            }
            return ["ActivityArn": .string(activity.arn), "CreationDate": .string("\(activity.createdAt)")]
        case "describeActivity":
            let arn = try arguments.required("ActivityArn")
            return Self.members(
                of: try await fault(about: arn) { () throws(StoreError) in try await store.activity(arn) }
            )
        case "deleteActivity":
            let arn = try arguments.required("ActivityArn")
            try await fault(about: arn) { () throws(StoreError) in try await store.deleteActivity(arn) }
            return [:]
        case "listActivities":
            let page = try await fault(about: "") { () throws(StoreError) in
                try await store.activities(limit: arguments.limit)
            }
            return ["Activities": .array(page.activities.map { .object(Self.members(of: $0)) })]
        case "getActivityTask":
            let arn = try arguments.required("ActivityArn")
            let worker = try arguments.text("WorkerName")
            let task = try await fault(about: arn) { () throws(StoreError) in
                try await store.activityTask(arn, workerName: worker)
            }
            guard let task else { return [:] }
            return ["Input": .string(task.input.text), "TaskToken": .string(task.token)]
        default: throw APIFault("UnknownOperation", "This worker cannot carry out '\(action)'.")
        }
    }

    private static func members(of activity: ActivityDescription) -> JSONObject {
        [
            "ActivityArn": .string(activity.arn), "CreationDate": .string("\(activity.createdAt)"),
            "Name": .string(activity.name),
        ]
    }

    private func executions(_ arguments: APIArguments) async throws -> JSONObject {
        let machine = try arguments.required("StateMachineArn")
        let status = try arguments.text("StatusFilter").flatMap(ExecutionStatus.init(rawValue:))
        let page = try await fault(about: machine) { () throws(StoreError) in
            try await store.executions(stateMachine: machine, status: status, limit: arguments.limit)
        }
        let executions = page.executions.map { execution -> JSONValue in
            var members: JSONObject = [
                "ExecutionArn": .string(execution.arn), "Name": .string(execution.name),
                "StartDate": .string("\(execution.startedAt)"),
                "StateMachineArn": .string(execution.stateMachineARN),
                "Status": .string(execution.status.rawValue),
            ]
            if let stoppedAt = execution.stoppedAt { members["StopDate"] = .string("\(stoppedAt)") }
            return .object(members)
        }
        return ["Executions": .array(executions)]
    }

    private func history(_ arguments: APIArguments) async throws -> JSONObject {
        let execution = try arguments.required("ExecutionArn")
        let reversed = arguments.flag("ReverseOrder")
        let events = try await fault(about: execution) { () throws(StoreError) in
            try await store.history(execution, limit: arguments.limit, reversed: reversed)
        }
        return ["Events": .array(events.map { $0.json.capitalized })]
    }

    private func fault<Value>(
        about resource: String,
        _ body: () async throws(StoreError) -> Value
    ) async throws -> Value {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw error.isTransient ? error as any Error : error.apiFault(about: resource)
        }
    }
}
