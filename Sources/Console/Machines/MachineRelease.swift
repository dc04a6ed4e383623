import Hummingbird
import JSON
import Server
import Store

/// What of a state machine is published under numbers and names, and what can be done about that.
struct MachineRelease {
    let visit: Visit
    let name: String

    struct Version {
        let number: Int
        let address: String
        let created: Moment
    }

    struct Route {
        let version: Int32
        let weight: Int32
        let address: String
    }

    struct Alias {
        let name: String
        let description: String?
        let routes: [Route]
        let updated: Moment
        let form: AliasForm?
    }

    struct Model {
        let versions: [Version]
        let older: String?
        let aliases: [Alias]
        let hasAliases: Bool
        let moreAliases: String?
        let publish: String?
        let newAlias: AliasForm?
    }

    private static let shownVersions = 20
    private static let shownAliases = 20

    private var arn: String { visit.store.settings.stateMachineARN(name) }

    func model() async throws -> Model {
        let versions = try await visit.store.versions(
            ofStateMachine: name,
            before: visit.address.query["before"].flatMap { Int($0) },
            limit: Self.shownVersions
        )
        let aliases = try await visit.store.aliases(
            ofStateMachine: name,
            version: nil,
            after: visit.address.query.filled("alias"),
            limit: Self.shownAliases
        )
        let form = Address.of(["machines", name, "alias"])
        return Model(
            versions: versions.elements.map {
                Version(number: $0.number, address: address(ofVersion: $0.number), created: Moment($0.createdAt))
            },
            older: versions.next.map { visit.address(with: ["before": "\($0)"]) },
            aliases: aliases.elements.map { alias in
                Alias(
                    name: alias.name,
                    description: alias.description?.nonEmpty,
                    routes: alias.routes.map {
                        Route(version: $0.version, weight: $0.weight, address: address(ofVersion: Int($0.version)))
                    },
                    updated: Moment(alias.updatedAt),
                    form: visit.may("UpdateStateMachineAlias", on: name)
                        ? AliasForm(
                            address: form,
                            name: alias.name,
                            description: alias.description,
                            version: alias.routes.first.map { "\($0.version)" },
                            other: alias.routes.dropFirst().first.map { Int($0.version) },
                            percent: alias.routes.dropFirst().first.map { "\($0.weight)" },
                            mayDelete: visit.may("DeleteStateMachineAlias", on: name)
                        ) : nil
                )
            },
            hasAliases: !aliases.elements.isEmpty,
            moreAliases: aliases.next.map { visit.address(with: ["alias": $0]) },
            publish: visit.may("PublishStateMachineVersion", on: name)
                ? Address.of(["machines", name, "publish"]) : nil,
            newAlias: !versions.elements.isEmpty && visit.may("CreateStateMachineAlias", on: name)
                ? .new(at: form, version: versions.elements.first?.number) : nil
        )
    }

    private func address(ofVersion number: Int) -> String {
        Address.of(["machines", name], [("version", "\(number)")])
    }

    /// Gives the current revision a number.
    func publish() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        var arguments: JSONObject = ["stateMachineArn": .string(arn)]
        if let description = fields.filled("description") { arguments["description"] = .string(description) }
        try await visit.perform("PublishStateMachineVersion", on: arn, arguments)
        return .goOn(to: Address.of(["machines", name]))
    }

    /// Creates an alias, changes the one that has the name, or deletes it.
    func putAlias() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let alias = fields["name"] ?? ""
        let subject = "\(arn):\(alias)"
        if fields["do"] == "delete" {
            try await visit.perform("DeleteStateMachineAlias", on: subject, ["stateMachineAliasArn": .string(subject)])
            return .goOn(to: Address.of(["machines", name]))
        }
        var arguments: JSONObject = ["routingConfiguration": .array(try routes(fields))]
        arguments["description"] = .string(fields["description"] ?? "")
        if fields["do"] == "update" {
            arguments["stateMachineAliasArn"] = .string(subject)
            try await visit.perform("UpdateStateMachineAlias", on: subject, arguments)
        } else {
            arguments["name"] = .string(alias)
            try await visit.perform("CreateStateMachineAlias", on: subject, arguments)
        }
        return .goOn(to: Address.of(["machines", name]))
    }

    /// One version, or two that share the starts: what the second one gets, the first one loses.
    private func routes(_ fields: Fields) throws(APIError) -> [JSONValue] {
        func number(_ field: String) throws(APIError) -> Int {
            guard let number = Int(fields[field] ?? ""), (0...Int(Int32.max)).contains(number) else {
                throw .validation(visit.texts("alias.noNumber", ["field": visit.texts("alias.\(field)")]))
            }
            return number
        }
        let weight = fields.filled("other") == nil ? 0 : try number("weight")
        guard weight <= 100 else { throw .validation(visit.texts("alias.tooMuch")) }
        var routes = [(try number("version"), 100 - weight)]
        if fields.filled("other") != nil { routes.append((try number("other"), weight)) }
        return routes.map { version, weight in
            [
                "stateMachineVersionArn": .string("\(arn):\(version)"), "weight": .number(JSONNumber(weight)),
            ]
        }
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
