import JSON
import Store

/// Versions of state machines.
enum VersionOperations {
    static let all = [publish, delete, list]

    static let full = APIError(
        "ServiceQuotaExceededException",
        "The state machine has 1,000 versions, which is the limit."
    )

    private static let publish = Operation(
        "PublishStateMachineVersion",
        about: .arn("stateMachineArn"),
        [
            .required("stateMachineArn", Constraints.arn), .optional("revisionId", Constraint.anyText),
            .optional("description", Constraints.description),
        ]
    ) { call in
        let arn = try call.arguments.required("stateMachineArn")
        let wanted = call.arguments.text("revisionId")
        let publication = try await call.store.publishVersion(
            ofStateMachine: try call.stateMachine(),
            revisionID: wanted,
            description: call.arguments.text("description")
        )
        switch publication {
        case .missing: throw APIError.stateMachineDoesNotExist(arn)
        case .deleting: throw APIError.stateMachineDeleting(arn)
        case .outdated(let current):
            throw APIError(
                "ConflictException",
                "Failed to publish the State Machine version for revision \(wanted ?? ""). "
                    + "The current State Machine revision is \(current)."
            )
        case .full:
            throw full
        case .published(let version):
            return [
                "creationDate": .timestamp(version.createdAt),
                "stateMachineVersionArn": .string("\(arn):\(version.number)"),
            ]
        }
    }

    private static let delete = Operation(
        "DeleteStateMachineVersion",
        about: .arn("stateMachineVersionArn"),
        [.required("stateMachineVersionArn", Constraints.longARN)]
    ) { call in
        let arn = try call.arn("stateMachineVersionArn")
        guard case .version(let machine, let number) = arn.resource else { throw arn.wrongType }
        guard arn.isLocal else { return [:] }
        let aliases = try await call.store.deleteVersion(number, ofStateMachine: machine)
        guard aliases.isEmpty else {
            throw APIError(
                "ConflictException",
                "Version to be deleted must not be referenced by an alias. "
                    + "Current list of aliases referencing this version: [\(aliases.joined(separator: ", "))]"
            )
        }
        return [:]
    }

    private static let list = Operation(
        "ListStateMachineVersions",
        about: .arn("stateMachineArn"),
        [.required("stateMachineArn", Constraints.arn)] + Constraints.page()
    ) { call in
        let arn = try call.arguments.required("stateMachineArn")
        let machine = try call.stateMachine()
        let paging = try call.paging(of: "ListStateMachineVersions \(arn)")
        guard try await call.store.machineDetails(machine) != nil else { throw APIError.stateMachineDoesNotExist(arn) }
        let page = try await call.store.versions(
            ofStateMachine: machine,
            before: try paging.integer(),
            limit: call.arguments.pageSize
        )
        let versions = page.elements.map { version -> JSONValue in
            [
                "stateMachineVersionArn": .string("\(arn):\(version.number)"),
                "creationDate": .timestamp(version.createdAt),
            ]
        }
        return paging.answer("stateMachineVersions", versions, next: page.next.map(String.init))
    }
}
