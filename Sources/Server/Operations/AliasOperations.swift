import JSON
import Store

/// Aliases of state machines.
enum AliasOperations {
    static let all = [create, update, describe, delete, list]

    private static let create = Operation(
        "CreateStateMachineAlias",
        about: .nothing,
        [
            .optional("description", Constraints.description), .required("name", Constraints.aliasName),
            .required("routingConfiguration", Constraints.routing),
        ]
    ) { call in
        let name = try call.arguments.required("name")
        guard let routing = try Routing(call), let machine = routing.machine else { throw APIError.internalFailure }
        try call.authorize(stateMachine: machine)
        let arn = call.store.settings.stateMachineARN(machine)
        let change = try await call.store.createAlias(
            name,
            ofStateMachine: machine,
            description: call.arguments.text("description"),
            routes: routing.routes
        )
        switch change {
        case .done(let createdAt):
            return ["creationDate": .timestamp(createdAt), "stateMachineAliasArn": .string("\(arn):\(name)")]
        case .conflict:
            throw APIError(
                "ConflictException",
                "Failed to create alias because an alias with the same name and a different routing configuration "
                    + "already exists."
            )
        case .missing: throw missing
        case .deleting: throw APIError.stateMachineDeleting(arn)
        case .full:
            throw APIError("ServiceQuotaExceededException", "The state machine has 100 aliases, which is the limit.")
        }
    }

    private static let update = Operation(
        "UpdateStateMachineAlias",
        about: .arn("stateMachineAliasArn"),
        [
            .required("stateMachineAliasArn", Constraints.arn), .optional("description", Constraints.description),
            .optional("routingConfiguration", Constraints.routing),
        ]
    ) { call in
        let (machine, name) = try alias(call)
        let description = call.arguments.text("description")
        let routing = try Routing(call)
        guard description != nil || routing != nil else {
            throw APIError.validation(
                "Either description or routingConfiguration must be specified",
                reason: "MISSING_REQUIRED_PARAMETER"
            )
        }
        if let routing, routing.machine != machine { throw Routing.otherMachine }
        let change = try await call.store.updateAlias(
            name,
            ofStateMachine: machine,
            description: description,
            routes: routing?.routes
        )
        switch change {
        case .done(let updatedAt): return ["updateDate": .timestamp(updatedAt)]
        case .deleting: throw APIError.stateMachineDeleting(call.store.settings.stateMachineARN(machine))
        case .conflict, .missing, .full: throw missing
        }
    }

    private static let describe = Operation(
        "DescribeStateMachineAlias",
        about: .arn("stateMachineAliasArn"),
        [.required("stateMachineAliasArn", Constraints.arn)]
    ) { call in
        let (machine, name) = try alias(call)
        guard let alias = try await call.store.alias(name, ofStateMachine: machine) else { throw missing }
        let arn = call.store.settings.stateMachineARN(machine)
        var answer: JSONObject = [
            "stateMachineAliasArn": .string("\(arn):\(name)"), "name": .string(name),
            "creationDate": .timestamp(alias.createdAt), "updateDate": .timestamp(alias.updatedAt),
        ]
        if let description = alias.description { answer["description"] = .string(description) }
        answer["routingConfiguration"] = .array(
            alias.routes.map { route in
                [
                    "stateMachineVersionArn": .string("\(arn):\(route.version)"),
                    "weight": .number(JSONNumber(route.weight)),
                ]
            }
        )
        return .object(answer)
    }

    private static let delete = Operation(
        "DeleteStateMachineAlias",
        about: .arn("stateMachineAliasArn"),
        [.required("stateMachineAliasArn", Constraints.arn)]
    ) { call in
        let arn = try call.arn("stateMachineAliasArn")
        guard case .alias(let machine, let name) = arn.resource else { throw arn.wrongType }
        // As with AWS, one that isn't there is as good as deleted.
        if arn.isLocal { _ = try await call.store.deleteAlias(name, ofStateMachine: machine) }
        return [:]
    }

    private static let list = Operation(
        "ListStateMachineAliases",
        about: .arn("stateMachineArn"),
        [.required("stateMachineArn", Constraints.arn)] + Constraints.page()
    ) { call in
        let arn = try call.arn("stateMachineArn")
        let machine: String
        var version: Int32?
        switch arn.resource {
        case .stateMachine(let name): machine = name
        case .version(let name, let number): (machine, version) = (name, number)
        default: throw arn.wrongType
        }
        let paging = try call.paging(of: "ListStateMachineAliases \(arn.text)")
        guard arn.isLocal, let details = try await call.store.machineDetails(machine, version: version) else {
            if version != nil { throw missing }
            throw APIError.stateMachineDoesNotExist(arn.text)
        }
        guard !details.isDeleting else { throw APIError.stateMachineDeleting(arn.text) }
        let page = try await call.store.aliases(
            ofStateMachine: machine,
            version: version,
            after: paging.start,
            limit: call.arguments.pageSize
        )
        let machineARN = call.store.settings.stateMachineARN(machine)
        let aliases = page.elements.map { alias -> JSONValue in
            [
                "stateMachineAliasArn": .string("\(machineARN):\(alias.name)"),
                "creationDate": .timestamp(alias.createdAt),
            ]
        }
        return paging.answer("stateMachineAliases", aliases, next: page.next)
    }

    private static let missing = APIError("ResourceNotFound", "Request references a resource that does not exist.")

    private static func alias(_ call: Call) throws(APIError) -> (machine: String, name: String) {
        let arn = try call.arn("stateMachineAliasArn")
        guard case .alias(let machine, let name) = arn.resource else { throw arn.wrongType }
        guard arn.isLocal else { throw missing }
        return (machine, name)
    }
}

/// A `routingConfiguration`, taken apart.
private struct Routing {
    var machine: String?
    var routes: [Route] = []

    static let otherMachine = invalid("Routing configuration must contain versions of one state machine.")

    /// nil: there is none in the request.
    init?(_ call: Call) throws(APIError) {
        guard let list = call.arguments.list("routingConfiguration") else { return nil }
        let arns = list.map { $0["stateMachineVersionArn"]?.string ?? "" }
        let received = "Received: [\(arns.joined(separator: ", "))]"
        for (item, text) in zip(list, arns) {
            let arn = try ResourceARN(text, settings: call.store.settings)
            guard case .version(let name, let number) = arn.resource else {
                throw Self.invalid("Routing configuration must contain state machine version ARNs. \(received)")
            }
            guard arn.isLocal else {
                throw APIError("ResourceNotFound", "Request references a resource that does not exist.")
            }
            guard machine == nil || machine == name else { throw Self.otherMachine }
            machine = name
            let weight = item["weight"]?.number?.exactly(Int32.self) ?? 0
            routes.append(Route(version: number, weight: weight))
        }
        guard Set(routes.map(\.version)).count == routes.count else {
            throw Self.invalid("Routing configuration must contain distinct state machine version ARNs. \(received)")
        }
        guard routes.reduce(0, { $0 + Int($1.weight) }) == 100 else {
            throw Self.invalid("Sum of routing configuration weights must equal 100. \(received)")
        }
    }

    private static func invalid(_ text: String) -> APIError {
        .validation(text, reason: "INVALID_ROUTING_CONFIGURATION")
    }
}
