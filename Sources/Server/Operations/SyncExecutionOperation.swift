import Expressions
import JSON
import Postgres
import StatesLanguage
import Store

/// Starting an execution and waiting for its end.
enum SyncExecutionOperation {
    static let all = [start]

    /// A little more than the five minutes that an express execution may take: its worker ends it, if there is one.
    private static let longest = Duration.seconds(305)

    private static let start = Operation(
        "StartSyncExecution",
        about: .arn("stateMachineArn"),
        [
            .required("stateMachineArn", Constraints.arn), .optional("name", Constraints.name),
            .optional("input", .payload), .optional("traceHeader", Constraints.traceHeader),
            .optional("includedData", Constraints.includedData),
        ]
    ) { call in
        let arn = try call.arn("stateMachineArn")
        let machine = try ExecutionOperations.startable(arn)
        let name = call.arguments.text("name")
        if let name { try ResourceName.check(name) }
        let machineName = Settings.machineName(machine)
        guard let details = try await call.store.machineDetails(machineName) else {
            throw APIError.stateMachineDoesNotExist(arn.text)
        }
        guard details.type == .express else { throw notSupported }
        let input = try ExecutionOperations.input(call.arguments.text("input") ?? "{}")
        let traceHeader = call.arguments.text("traceHeader") ?? call.traceHeader
        let started = try await call.services.starts.start(
            StartRequest(stateMachine: machine, name: name, input: input, traceHeader: traceHeader, runsOnce: true)
        )
        call.services.metrics.executionStarted()
        guard
            case .express(_, let shownName, _) = try ResourceARN(
                started.arn,
                settings: call.store.settings
            )
            .resource
        else { throw notSupported }
        let execution = started.arn
        let ends = call.services.ends
        let deadline = ContinuousClock.now.advanced(by: longest)
        let inTime = try await call.client.whilePresent { try await ends.end(of: execution, patience: longest) }
        let isLate = inTime == nil
        // This server stops, or nobody waits any more: the execution goes on.
        if isLate, ContinuousClock.now < deadline { throw APIError.unavailable }
        if isLate { _ = try await call.store.stopExecution(execution, error: "States.Timeout", cause: nil) }
        let end = if let inTime { inTime } else { try await call.store.describe(execution) }

        let wantsData = call.arguments.text("includedData") != "METADATA_ONLY"
        let stoppedAt = end.summary.stoppedAt ?? started.startedAt
        var answer: JSONObject = [
            "executionArn": .string(started.arn), "stateMachineArn": .string(arn.text), "name": .string(shownName),
            "startDate": .timestamp(started.startedAt), "stopDate": .timestamp(stoppedAt),
            "status": .string(isLate ? "TIMED_OUT" : end.summary.status.syncName),
        ]
        if let error = end.error { answer["error"] = .string(error) }
        if let cause = end.cause { answer["cause"] = .string(cause) }
        if wantsData { answer["input"] = .string(input.text) }
        answer["inputDetails"] = ["included": .bool(wantsData)]
        if let output = end.output {
            if wantsData { answer["output"] = .string(output.text) }
            answer["outputDetails"] = ["included": .bool(wantsData)]
        }
        if let traceHeader { answer["traceHeader"] = .string(traceHeader) }
        let milliseconds = max(1, stoppedAt.epochMilliseconds - started.startedAt.epochMilliseconds)
        answer["billingDetails"] = [
            "billedMemoryUsedInMB": 64,
            "billedDurationInMilliseconds": .number(JSONNumber((milliseconds + 99) / 100 * 100)),
        ]
        return .object(answer)
    }

    static let notSupported = APIError(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine"
    )
}

extension ExecutionStatus {
    /// An execution that somebody stopped has failed, for those who wait for it.
    fileprivate var syncName: String { self == .aborted ? "FAILED" : rawValue }
}
