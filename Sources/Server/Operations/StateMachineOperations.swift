import Expressions
import JSON
import StatesLanguage
import Store

/// Creating, changing, showing and deleting state machines.
enum StateMachineOperations {
    static let all = [create, update, describe, describeForExecution, delete]

    private static let create = Operation(
        "CreateStateMachine",
        about: .stateMachineName("name"),
        [
            .required("name", Constraints.name), .required("definition", Constraints.definition),
            .required("roleArn", Constraints.arn), .optional("type", Constraints.type),
            .optional("loggingConfiguration", Constraints.logging), .optional("tags", Constraints.tags),
            .optional("tracingConfiguration", Constraints.tracing), .optional("publish", .boolean),
            .optional("versionDescription", Constraints.description),
            .optional("encryptionConfiguration", Constraints.encryption),
        ]
    ) { call in
        let arguments = call.arguments
        let name = try arguments.required("name")
        try ResourceName.check(name)
        try checkVersionDescription(arguments)
        let type = MachineType(rawValue: arguments.text("type") ?? "") ?? .standard
        let tags = try TagOperations.tags(arguments)
        let arn = call.store.settings.stateMachineARN(name)
        let creation = try await call.store.createStateMachine(
            NewStateMachine(
                name: name,
                type: type,
                definition: try ValidDefinition(try arguments.required("definition"), type: type),
                roleARN: try role(arguments.required("roleArn")),
                configuration: .object(try MachineConfiguration.complete(arguments)),
                tags: tags,
                publishes: arguments.flag("publish"),
                versionDescription: arguments.text("versionDescription")
            )
        )
        switch creation {
        case .conflict:
            throw APIError("StateMachineAlreadyExists", "State Machine Already Exists: '\(arn)'")
        case .deleting: throw APIError.stateMachineDeleting(arn)
        case .present(let createdAt, let version):
            var answer: JSONObject = ["stateMachineArn": .string(arn), "creationDate": .timestamp(createdAt)]
            if let version { answer["stateMachineVersionArn"] = .string("\(arn):\(version)") }
            return .object(answer)
        }
    }

    private static let update = Operation(
        "UpdateStateMachine",
        about: .arn("stateMachineArn"),
        [
            .required("stateMachineArn", Constraints.arn), .optional("definition", Constraints.definition),
            .optional("roleArn", Constraints.arn), .optional("loggingConfiguration", Constraints.logging),
            .optional("tracingConfiguration", Constraints.tracing), .optional("publish", .boolean),
            .optional("versionDescription", Constraints.description),
            .optional("encryptionConfiguration", Constraints.encryption),
            // AWS has no such member here: it means what it does to PublishStateMachineVersion.
            .optional("revisionId", Constraint.anyText),
        ]
    ) { call in
        let arguments = call.arguments
        let arn = try arguments.required("stateMachineArn")
        let name = try call.stateMachine()
        let configuration = try MachineConfiguration.given(arguments)
        guard arguments.text("definition") != nil || arguments.text("roleArn") != nil || !configuration.isEmpty else {
            throw APIError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
                    + "specified"
            )
        }
        try checkVersionDescription(arguments)
        guard let current = try await call.store.machineDetails(name) else {
            throw APIError.stateMachineDoesNotExist(arn)
        }
        let update = MachineUpdate(
            definition: try arguments.text("definition").map { try ValidDefinition($0, type: current.type) },
            roleARN: try arguments.text("roleArn").map(role),
            configuration: configuration,
            publishes: arguments.flag("publish"),
            versionDescription: arguments.text("versionDescription"),
            revisionID: arguments.text("revisionId")
        )
        switch try await call.store.updateStateMachine(name, update) {
        case .missing: throw APIError.stateMachineDoesNotExist(arn)
        case .deleting: throw APIError.stateMachineDeleting(arn)
        case .full: throw VersionOperations.full
        case .outdated(let current):
            throw APIError(
                "ConflictException",
                "Failed to update the State Machine from revision \(update.revisionID ?? ""). "
                    + "The current State Machine revision is \(current): describe it, and make your change to that."
            )
        case .done(let updatedAt, let revisionID, let version):
            var answer: JSONObject = ["updateDate": .timestamp(updatedAt)]
            if let revisionID { answer["revisionId"] = .string(revisionID) }
            if let version { answer["stateMachineVersionArn"] = .string("\(arn):\(version)") }
            return .object(answer)
        }
    }

    private static let describe = Operation(
        "DescribeStateMachine",
        about: .arn("stateMachineArn"),
        [.required("stateMachineArn", Constraints.arn), .optional("includedData", Constraints.includedData)]
    ) { call in
        let arn = try call.arn("stateMachineArn")
        let details: MachineDetails?
        switch arn.resource {
        case .stateMachine(let name): details = arn.isLocal ? try await call.store.machineDetails(name) : nil
        case .version(let name, let number):
            details = arn.isLocal ? try await call.store.machineDetails(name, version: number) : nil
        case .alias: details = nil
        case .labeled: throw APIError.labeledARN
        default: throw arn.wrongType
        }
        guard let details else { throw APIError.stateMachineDoesNotExist(arn.text) }
        var answer = details.members(call, arn: arn.text)
        answer["status"] = details.isDeleting ? "DELETING" : "ACTIVE"
        answer["type"] = .string(details.type.rawValue)
        answer["creationDate"] = .timestamp(details.createdAt)
        if let description = details.description { answer["description"] = .string(description) }
        return .object(answer)
    }

    private static let describeForExecution = Operation(
        "DescribeStateMachineForExecution",
        about: .arn("executionArn"),
        [.required("executionArn", Constraints.arn), .optional("includedData", Constraints.includedData)]
    ) { call in
        guard let details = try await call.store.machineDetails(ofExecution: try call.execution()) else {
            throw APIError.executionDoesNotExist(try call.arguments.required("executionArn"))
        }
        var answer = details.members(call, arn: call.store.settings.stateMachineARN(details.name))
        answer["updateDate"] = .timestamp(details.updatedAt)
        if let child = details.child {
            answer["mapRunArn"] = .string(child.mapRunARN)
            answer["label"] = .string(child.label)
        }
        return .object(answer)
    }

    private static let delete = Operation(
        "DeleteStateMachine",
        about: .arn("stateMachineArn"),
        [.required("stateMachineArn", Constraints.arn)]
    ) { call in
        let arn = try call.arn("stateMachineArn")
        guard case .stateMachine(let name) = arn.resource else { throw arn.wrongType }
        if arn.isLocal {
            try await call.store.deleteStateMachine(name)
            await call.services.deletions.wake()
        }
        return [:]
    }

    private static func checkVersionDescription(_ arguments: Arguments) throws(APIError) {
        if arguments.text("versionDescription") != nil, !arguments.flag("publish") {
            throw .validation("Version description can only be set when publish is true")
        }
    }

    /// A role is only a name here, but one that is no ARN is refused where it is given rather than where it is used.
    static func role(_ text: String) throws(APIError) -> String {
        guard text.hasPrefix("arn:") else { throw .invalidARN("Invalid ARN prefix: \(text)") }
        return text
    }
}

extension MachineDetails {
    /// What all descriptions have in common; without the definition where only metadata is wanted.
    fileprivate func members(_ call: Call, arn: String) -> JSONObject {
        var members: JSONObject = ["stateMachineArn": .string(arn), "name": .string(name)]
        let wantsData = call.arguments.text("includedData") != "METADATA_ONLY"
        members["definition"] = .string(wantsData ? definition : "{}")
        members["roleArn"] = .string(roleARN ?? "")
        for (key, value) in configuration.object ?? [:] { members[key] = value }
        if let revisionID { members["revisionId"] = .string(revisionID) }
        let references = Definition(parsing: definition, type: type).machine?.variableReferences ?? [:]
        if !references.isEmpty {
            members["variableReferences"] = .object(
                JSONObject(
                    references.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map(JSONValue.string))) }
                )
            )
        }
        return members
    }
}
