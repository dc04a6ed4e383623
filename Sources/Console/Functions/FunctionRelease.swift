import Hummingbird
import JSON
import Server
import StatesLanguage
import Store

/// The versions of a function, with what there is to do for each, and the aliases that lead to them.
struct FunctionRelease {
    let visit: Visit
    let name: String

    struct Version {
        let number: Int
        /// nil: no worker offers it, and nothing waits for it.
        let address: String?
        let description: String
        let published: Moment
        let figures: FunctionFigures?
    }

    struct Route {
        let text: String
        let address: String?
    }

    struct Alias {
        let name: String
        let description: String
        let routes: [Route]
        let form: AliasForm?
    }

    struct Model {
        let versions: [Version]
        let hasVersions: Bool
        let isCut: Bool
        let aliases: [Alias]
        let hasAliases: Bool
        let newAlias: AliasForm?
        let command: String
    }

    private static let shownVersions = 50

    /// - Returns: nil of what has no versions: a version itself, or what has no name of a function.
    func model(_ standings: [FunctionStanding]) async throws -> Model? {
        guard FunctionSettings.isName(name) else { return nil }
        let qualifiers = try await visit.store.functionQualifiers(of: name)
        let standings = Dictionary(standings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        func address(_ version: Int) -> String? {
            standings["\(name):\(version)"].map { Address.of(["functions", $0.name]) }
        }
        let versions = qualifiers.versions.suffix(Self.shownVersions).reversed()
            .map { version in
                Version(
                    number: version.version,
                    address: address(version.version),
                    description: version.description,
                    published: Moment(version.publishedAt),
                    figures: standings["\(name):\(version.version)"].map { FunctionFigures($0, visit.texts) }
                )
            }
        let form = Address.of(["functions", name, "alias"])
        let aliases = qualifiers.aliases.map { alias in
            let percent = alias.other.map { $0.weight * 100 }
            var routes = [
                Route(
                    text: "\(Self.text(alias.version)): \((100 - (percent ?? 0)).percentText) %",
                    address: alias.version.flatMap(address)
                )
            ]
            if let other = alias.other, let percent {
                routes.append(
                    Route(text: "\(other.version): \(percent.percentText) %", address: address(other.version))
                )
            }
            return Alias(
                name: alias.name,
                description: alias.description,
                routes: routes,
                form: visit.may("UpdateAlias", on: name)
                    ? AliasForm(
                        address: form,
                        name: alias.name,
                        description: alias.description,
                        version: Self.text(alias.version),
                        other: alias.other?.version,
                        percent: percent?.percentText,
                        mayDelete: visit.may("DeleteAlias", on: name)
                    ) : nil
            )
        }
        return Model(
            versions: Array(versions),
            hasVersions: !versions.isEmpty,
            isCut: qualifiers.versions.count > Self.shownVersions,
            aliases: aliases,
            hasAliases: !aliases.isEmpty,
            newAlias: !versions.isEmpty && visit.may("CreateAlias", on: name)
                ? .new(at: form, version: qualifiers.versions.last?.version) : nil,
            command: "stepwell functions publish \(name) --functions FOLDER"
        )
    }

    private static func text(_ version: Int?) -> String { version.map { "\($0)" } ?? FunctionReference.latest }

    /// Creates an alias, changes the one that has the name, or deletes it.
    func putAlias() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let alias = fields["name"] ?? ""
        let subject = "\(name):\(alias)"
        if fields["do"] == "delete" {
            try await carryOut("DeleteAlias", on: subject, [:]) {
                try await visit.store.deleteFunctionAlias(alias, of: name)
            }
        } else {
            let isNew = fields["do"] != "update"
            var detail: JSONObject = ["Version": .string((fields["version"] ?? "").beginning(40))]
            if let other = fields.filled("other") {
                detail["Other"] = .string(other.beginning(40))
                detail["Percent"] = .string((fields["weight"] ?? "").beginning(40))
            }
            try await carryOut(isNew ? "CreateAlias" : "UpdateAlias", on: subject, detail) {
                let wanted = try read(fields, named: alias)
                let isThere = try await visit.store.functionQualifiers(of: name).aliases.contains { $0.name == alias }
                guard isThere != isNew else {
                    throw APIError.validation(visit.texts(isNew ? "alias.taken" : "alias.missing", ["name": alias]))
                }
                try await visit.store.putFunctionAlias(wanted, of: name)
            }
        }
        return .goOn(to: Address.of(["functions", name]))
    }

    /// Rights are on functions, whatever the alias.
    private func carryOut(
        _ action: String,
        on subject: String,
        _ detail: JSONObject,
        _ body: () async throws -> Void
    ) async throws {
        try await visit.carryOut(action, of: "lambda", on: subject, detail: .object(detail), body)
    }

    private func read(_ fields: Fields, named alias: String) throws(APIError) -> FunctionAlias {
        func number(_ field: String) throws(APIError) -> Int {
            guard let number = Int32(fields[field] ?? ""), number > 0 else {
                throw .validation(visit.texts("alias.noNumber", ["field": visit.texts("alias.\(field)")]))
            }
            return Int(number)
        }
        var wanted = FunctionAlias(
            name: alias,
            version: fields["version"] == FunctionReference.latest ? nil : try number("version"),
            description: fields["description"] ?? ""
        )
        if fields.filled("other") != nil {
            guard let percent = Double(fields["weight"] ?? ""), (0...100).contains(percent) else {
                throw .validation(visit.texts("alias.tooMuch"))
            }
            wanted.other = FunctionAlias.Other(version: try number("other"), weight: percent / 100)
        }
        return wanted
    }
}

extension Double {
    /// Weights are parts of one: what they make of a hundred has no more digits than somebody wrote.
    fileprivate var percentText: String { ((self * 1000).rounded() / 1000).plainText }
}
