import JSON
import Store

/// Activities, and the tasks that workers of AWS's kind ask for.
enum ActivityOperations {
    static let all = [create, describe, delete, list, task]

    private static let create = Operation(
        "CreateActivity",
        about: .stateMachineName("name"),
        [
            .required("name", Constraints.name), .optional("tags", Constraints.tags),
            .optional("encryptionConfiguration", Constraints.encryption),
        ]
    ) { call in
        let name = try call.arguments.required("name")
        try ResourceName.check(name)
        let tags = try TagOperations.tags(call.arguments)
        if let encryption = call.arguments.structure("encryptionConfiguration") {
            _ = try MachineConfiguration.checkedEncryption(encryption)
        }
        let activity = try await call.store.createActivity(name)
        if !tags.isEmpty { _ = try await call.store.addTags(tags, to: "activity:\(name)") }
        return ["activityArn": .string(activity.arn), "creationDate": .timestamp(activity.createdAt)]
    }

    private static let describe = Operation(
        "DescribeActivity",
        about: .arn("activityArn"),
        [.required("activityArn", Constraints.arn)]
    ) { call in
        let activity = try await call.store.activity(try name(call))
        return [
            "activityArn": .string(activity.arn), "name": .string(activity.name),
            "creationDate": .timestamp(activity.createdAt), "encryptionConfiguration": ["type": "AWS_OWNED_KEY"],
        ]
    }

    private static let delete = Operation(
        "DeleteActivity",
        about: .arn("activityArn"),
        [.required("activityArn", Constraints.arn)]
    ) { call in
        let arn = try call.arn("activityArn")
        guard case .activity(let name) = arn.resource else { throw arn.wrongType }
        if arn.isLocal {
            try await call.store.deleteActivity(name)
            let tags = try await call.store.tags(of: "activity:\(name)")
            if !tags.isEmpty { try await call.store.removeTags(tags.map(\.key), from: "activity:\(name)") }
        }
        return [:]
    }

    private static let list = Operation("ListActivities", about: .everything, Constraints.page()) { call in
        let paging = try call.paging(of: "ListActivities")
        let page = try await call.store.activities(limit: call.arguments.pageSize, after: paging.start)
        let activities = page.activities.map { activity -> JSONValue in
            [
                "activityArn": .string(activity.arn), "name": .string(activity.name),
                "creationDate": .timestamp(activity.createdAt),
            ]
        }
        return paging.answer("activities", activities, next: page.next)
    }

    private static let task = Operation(
        "GetActivityTask",
        about: .arn("activityArn"),
        [.required("activityArn", Constraints.arn), .optional("workerName", Constraints.name)]
    ) { call in
        let workerName = call.arguments.text("workerName")
        if let workerName { try ResourceName.check(workerName) }
        let (desk, name) = (call.services.activities, try name(call))
        guard call.services.pollers.enter(name) else {
            throw APIError(
                "ActivityWorkerLimitExceeded",
                "As many workers wait for tasks at this server as it allows",
                retryAfter: 1
            )
        }
        defer { call.services.pollers.leave(name) }
        let task = try await call.client.whilePresent { try await desk.task(of: name, workerName: workerName) }
        guard let task else { return ["taskToken": nil] }
        return ["taskToken": .string(task.token), "input": .string(task.input.text)]
    }

    private static func name(_ call: Call) throws(APIError) -> String {
        let arn = try call.arn("activityArn")
        guard case .activity(let name) = arn.resource else { throw arn.wrongType }
        guard arn.isLocal, !name.utf8.contains(0) else { throw .activityDoesNotExist(arn.text) }
        return name
    }
}
