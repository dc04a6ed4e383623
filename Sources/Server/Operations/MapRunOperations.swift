import JSON
import Postgres
import StatesLanguage
import Store

/// Runs of Distributed Maps.
enum MapRunOperations {
    static let all = [describe, list, update]

    private static let describe = Operation(
        "DescribeMapRun",
        about: .arn("mapRunArn"),
        [.required("mapRunArn", Constraints.longARN)]
    ) { call in
        let run = try await run(call)
        let counts = try await call.store.mapRunCounts(run.id)
        let record = run.record
        var answer: JSONObject = [
            "mapRunArn": .string(run.arn), "executionArn": .string(run.executionARN),
            "status": .string(record.status.rawValue), "startDate": .timestamp(record.startedAt),
        ]
        if let stoppedAt = record.stoppedAt { answer["stopDate"] = .timestamp(stoppedAt) }
        answer["maxConcurrency"] = .number(JSONNumber(record.maxConcurrency ?? 0))
        answer["toleratedFailurePercentage"] =
            JSONNumber(record.toleratedFailurePercentage ?? 0).map(JSONValue.number) ?? 0
        answer["toleratedFailureCount"] = .number(JSONNumber(record.toleratedFailureCount ?? 0))
        let total = record.itemTotal ?? counts.items.started
        let final =
            counts.executions.unsuccessful > 0
            ? try await call.store.failuresNotRedrivable(mapRun: run.id) : (executions: 0, items: 0)
        answer["itemCounts"] = .object(
            counts.items.members(total: total, written: record.resultsWritten, notRedrivable: final.items)
        )
        answer["executionCounts"] = .object(
            counts.executions.members(
                total: max(record.nextChild, counts.executions.started),
                written: record.resultsWritten > 0 ? counts.executions.ended : 0,
                notRedrivable: final.executions
            )
        )
        answer["redriveCount"] = .number(JSONNumber(record.redriveCount))
        if let redrivenAt = record.redrivenAt { answer["redriveDate"] = .timestamp(redrivenAt) }
        return .object(answer)
    }

    private static let list = Operation(
        "ListMapRuns",
        about: .arn("executionArn"),
        [.required("executionArn", Constraints.arn)] + Constraints.page()
    ) { call in
        let execution = try call.execution()
        let paging = try call.paging(of: "ListMapRuns \(execution)")
        let after = try paging.start.map { start throws(APIError) in
            guard let cursor = MapRunCursor(start) else { throw APIError.invalidToken }
            return cursor
        }
        _ = try await call.store.describe(execution)
        let page = try await call.store.mapRuns(
            ofExecution: execution,
            after: after,
            limit: call.arguments.pageSize
        )
        let runs = page.elements.map { run -> JSONValue in
            var members: JSONObject = [
                "executionArn": .string(run.executionARN), "mapRunArn": .string(run.arn),
                "stateMachineArn": .string(run.stateMachineARN), "startDate": .timestamp(run.record.startedAt),
            ]
            if let stoppedAt = run.record.stoppedAt { members["stopDate"] = .timestamp(stoppedAt) }
            return .object(members)
        }
        return paging.answer("mapRuns", runs, next: page.next?.description)
    }

    private static let update = Operation(
        "UpdateMapRun",
        about: .arn("mapRunArn"),
        [
            .required("mapRunArn", Constraints.longARN), .optional("maxConcurrency", .integer(0...Int.max)),
            .optional("toleratedFailurePercentage", .number(0...100)),
            .optional("toleratedFailureCount", .integer(0...Int.max)),
        ]
    ) { call in
        let run = try await run(call)
        let isRunning = try await call.store.updateMapRun(
            run.id,
            maxConcurrency: call.arguments.integer("maxConcurrency"),
            toleratedFailureCount: call.arguments.integer("toleratedFailureCount"),
            toleratedFailurePercentage: call.arguments.object["toleratedFailurePercentage"]?.number?.double
        )
        guard isRunning == true else {
            throw APIError.validation(
                "A Map Run that has ended can't be updated",
                reason: "CANNOT_UPDATE_COMPLETED_MAP_RUN"
            )
        }
        return [:]
    }

    /// The children of the run in `mapRunArn`: ListExecutions.
    static func executions(_ call: Call) async throws -> JSONValue {
        guard call.arguments.text("stateMachineArn") == nil else {
            throw APIError.validation("Must provide a StateMachine ARN or MapRun ARN, not both")
        }
        let run = try await run(call)
        let filter = call.arguments.text("statusFilter")
        let redriveFilter = call.arguments.text("redriveFilter")
        let paging = try call.paging(of: "ListExecutions \(run.arn) \(filter ?? "") \(redriveFilter ?? "")")
        let page = try await call.store.mapRunExecutions(
            run.id,
            status: filter.flatMap(ExecutionStatus.init(rawValue:)),
            isRedriven: redriveFilter.map { $0 == "REDRIVEN" },
            after: try paging.integer(),
            limit: call.arguments.pageSize
        )
        let executions = page.elements.map { child -> JSONValue in
            var members = child.summary.members
            members["mapRunArn"] = .string(run.arn)
            members["itemCount"] = .number(JSONNumber(child.itemCount))
            return .object(members)
        }
        return paging.answer("executions", executions, next: page.next.map(String.init))
    }

    private static func run(_ call: Call) async throws -> MapRunDescription {
        let arn = try call.arn("mapRunArn")
        guard case .mapRun(let machine, let label, let id) = arn.resource else { throw arn.wrongType }
        guard arn.isLocal, let id = PGUUID(id), !machine.utf8.contains(0), !label.utf8.contains(0),
            let run = try await call.store.mapRun(id, ofStateMachine: machine, label: label)
        else { throw APIError.resourceNotFound(arn.text) }
        return run
    }
}

extension MapRunCounts {
    fileprivate func members(total: Int, written: Int, notRedrivable: Int) -> JSONObject {
        [
            "pending": .number(JSONNumber(max(0, total - started))), "running": .number(JSONNumber(running)),
            "succeeded": .number(JSONNumber(succeeded)), "failed": .number(JSONNumber(failed)),
            "timedOut": .number(JSONNumber(timedOut)), "aborted": .number(JSONNumber(aborted)),
            "total": .number(JSONNumber(total)), "resultsWritten": .number(JSONNumber(written)),
            "failuresNotRedrivable": .number(JSONNumber(notRedrivable)),
            "pendingRedrive": .number(JSONNumber(pendingRedrive)),
        ]
    }
}
