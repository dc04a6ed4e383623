import JSON
import Postgres
import StatesLanguage
import Store

/// Lists of state machines and executions.
enum ListOperations {
    static let all = [stateMachines, executions]

    private static let stateMachines = Operation("ListStateMachines", about: .everything, Constraints.page()) { call in
        let paging = try call.paging(of: "ListStateMachines")
        let page = try await call.store.listStateMachines(after: paging.start, limit: call.arguments.pageSize)
        let machines = page.elements.map { machine -> JSONValue in
            [
                "stateMachineArn": .string(call.store.settings.stateMachineARN(machine.name)),
                "name": .string(machine.name), "type": .string(machine.type.rawValue),
                "creationDate": .timestamp(machine.createdAt),
            ]
        }
        return paging.answer("stateMachines", machines, next: page.next)
    }

    private static let executions = Operation(
        "ListExecutions",
        about: .arn("stateMachineArn"),
        [
            .optional("stateMachineArn", Constraints.arn),
            .optional(
                "statusFilter",
                .choice(["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"])
            ), .optional("mapRunArn", Constraints.longARN),
            .optional("redriveFilter", .choice(["REDRIVEN", "NOT_REDRIVEN"])),
        ] + Constraints.page(tokenLength: 3096)
    ) { call in
        if call.arguments.text("mapRunArn") != nil { return try await MapRunOperations.executions(call) }
        guard call.arguments.text("stateMachineArn") != nil else {
            throw APIError.validation("Must provide a StateMachine ARN or MapRun ARN")
        }
        guard call.arguments.text("redriveFilter") == nil, call.arguments.text("statusFilter") != "PENDING_REDRIVE"
        else { throw APIError.validation("redriveFilter and PENDING_REDRIVE can only be used with a mapRunArn") }
        let arn = try call.arn("stateMachineArn")
        let machine = try ExecutionOperations.startable(arn)
        if try await call.store.machineDetails(Settings.machineName(machine))?.type == .express {
            throw SyncExecutionOperation.notSupported
        }
        let status = call.arguments.text("statusFilter").flatMap(ExecutionStatus.init(rawValue:))
        let paging = try call.paging(of: "ListExecutions \(arn.text) \(status?.rawValue ?? "")")
        var after: ExecutionCursor?
        if let start = paging.start {
            guard let id = PGUUID(start) else { throw APIError.invalidToken }
            after = ExecutionCursor(startedBefore: id)
        }
        let page = try await call.store.executions(
            stateMachine: machine,
            status: status,
            limit: call.arguments.pageSize,
            after: after
        )
        let executions = page.executions.map { JSONValue.object($0.members) }
        return paging.answer("executions", executions, next: page.next?.startedBefore.description)
    }
}
