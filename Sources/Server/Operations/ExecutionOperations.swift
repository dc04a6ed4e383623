import Expressions
import JSON
import Store

/// Starting, stopping and showing executions.
enum ExecutionOperations {
    static let all = [start, stop, redrive, describe, history]

    private static let start = Operation(
        "StartExecution",
        about: .arn("stateMachineArn"),
        [
            .required("stateMachineArn", Constraints.arn), .optional("name", Constraints.name),
            .optional("input", .payload), .optional("traceHeader", Constraints.traceHeader),
        ]
    ) { call in
        let arn = try call.arn("stateMachineArn")
        let machine = try startable(arn)
        let name = call.arguments.text("name")
        if let name { try ResourceName.check(name) }
        try await call.services.openExecutions.admit()
        let started = try await call.services.starts.start(
            StartRequest(
                stateMachine: machine,
                name: name,
                input: try input(call.arguments.text("input") ?? "{}"),
                traceHeader: call.arguments.text("traceHeader") ?? call.traceHeader
            )
        )
        if started.isNew { call.services.metrics.executionStarted() }
        return ["executionArn": .string(started.arn), "startDate": .timestamp(started.startedAt)]
    }

    private static let stop = Operation(
        "StopExecution",
        about: .arn("executionArn"),
        [
            .required("executionArn", Constraints.arn), .optional("error", Constraints.error),
            .optional("cause", Constraints.cause),
        ]
    ) { call in
        let execution = try call.execution()
        let (error, cause) = (call.arguments.text("error"), call.arguments.text("cause"))
        for text in [error, cause].compactMap(\.self) where text.utf8.contains(0) {
            throw APIError.validation("error and cause must not contain U+0000")
        }
        let stopped = try await call.store.stopExecution(execution, error: error, cause: cause)
        call.services.metrics.executionAborted()
        return ["stopDate": .timestamp(stopped)]
    }

    private static let redrive = Operation(
        "RedriveExecution",
        about: .arn("executionArn"),
        [.required("executionArn", Constraints.arn), .optional("clientToken", Constraints.clientToken)]
    ) { call in
        try await call.services.openExecutions.admit()
        let redriven = try await call.store.redriveExecution(
            try call.execution(),
            token: call.arguments.text("clientToken")
        )
        call.services.metrics.executionRedriven()
        return ["redriveDate": .timestamp(redriven.redrivenAt)]
    }

    private static let describe = Operation(
        "DescribeExecution",
        about: .arn("executionArn"),
        [.required("executionArn", Constraints.arn), .optional("includedData", Constraints.includedData)]
    ) { call in
        let execution = try await call.store.describe(try call.execution())
        let wantsData = call.arguments.text("includedData") != "METADATA_ONLY"
        var answer = execution.summary.members
        if wantsData { answer["input"] = .string(execution.input.text) }
        answer["inputDetails"] = ["included": .bool(wantsData)]
        if let output = execution.output {
            if wantsData { answer["output"] = .string(output.text) }
            answer["outputDetails"] = ["included": .bool(wantsData)]
        }
        if let error = execution.error { answer["error"] = .string(error) }
        if let cause = execution.cause { answer["cause"] = .string(cause) }
        if let traceHeader = execution.traceHeader { answer["traceHeader"] = .string(traceHeader) }
        for (name, value) in execution.redriveMembers(date: JSONValue.timestamp) { answer[name] = value }
        return .object(answer)
    }

    private static let history = Operation(
        "GetExecutionHistory",
        about: .arn("executionArn"),
        [
            .required("executionArn", Constraints.arn), .optional("reverseOrder", .boolean),
            .optional("includeExecutionData", .boolean),
        ] + Constraints.page()
    ) { call in
        let execution = try call.execution()
        let isReversed = call.arguments.flag("reverseOrder")
        let wantsData = call.arguments.object["includeExecutionData"]?.bool ?? true
        let paging = try call.paging(of: "GetExecutionHistory \(execution) \(isReversed)")
        let limit = call.arguments.pageSize
        let start = try paging.integer() ?? 0
        let events = try await call.store.history(execution, after: start, limit: limit, reversed: isReversed)
        var next: String?
        if events.count == limit, let last = events.last?.id, !(isReversed && last == 1) {
            let more = try await call.store.history(execution, after: last, limit: 1, reversed: isReversed)
            if !more.isEmpty { next = String(last) }
        }
        return paging.answer("events", events.map { $0.answer(includesData: wantsData) }, next: next)
    }

    /// The state machine of a start, with the version or alias that it goes through, as the store names it.
    static func startable(_ arn: ResourceARN) throws(APIError) -> String {
        let machine: String
        switch arn.resource {
        case .stateMachine(let name): machine = name
        case .version(let name, let number): machine = "\(name):\(number)"
        case .alias(let name, let alias): machine = "\(name):\(alias)"
        case .labeled:
            throw .labeledARN
        default: throw arn.wrongType
        }
        guard arn.isLocal, !machine.utf8.contains(0) else { throw .stateMachineDoesNotExist(arn.text) }
        return machine
    }

    static func input(_ text: String) throws(APIError) -> JSONDocument {
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: text)
        } catch {
            throw .invalidInput("\(error)")
        }
    }
}

extension ExecutionSummary {
    /// What lists and descriptions have in common.
    var members: JSONObject {
        var members: JSONObject = [
            "executionArn": .string(arn), "stateMachineArn": .string(stateMachineARN), "name": .string(name),
            "status": .string(status.rawValue), "startDate": .timestamp(startedAt),
        ]
        if let stoppedAt { members["stopDate"] = .timestamp(stoppedAt) }
        if let version { members["stateMachineVersionArn"] = .string("\(stateMachineARN):\(version)") }
        if let alias { members["stateMachineAliasArn"] = .string("\(stateMachineARN):\(alias)") }
        members["redriveCount"] = .number(JSONNumber(redriveCount))
        if let redrivenAt { members["redriveDate"] = .timestamp(redrivenAt) }
        return members
    }
}

extension RecordedEvent {
    /// The event with its time as a number, and without payloads if they are not wanted.
    func answer(includesData: Bool) -> JSONValue {
        guard case .object(var event) = json else { return json }
        if let text = event["timestamp"]?.string, let timestamp = Timestamp(text) {
            event["timestamp"] = .timestamp(timestamp)
        }
        guard !includesData else { return .object(event) }
        for (name, value) in event {
            guard case .object(var details) = value else { continue }
            details["input"] = nil
            details["output"] = nil
            event[name] = .object(details)
        }
        return .object(event)
    }
}
