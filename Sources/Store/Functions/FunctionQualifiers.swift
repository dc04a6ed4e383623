package import Expressions
import Postgres
import StatesLanguage

/// A version of a function: what it was when it was published, for good.
package struct FunctionVersion: Sendable, Hashable {
    package var version: Int
    /// The SHA-256 of all that makes it up.
    package var digest: String
    package var description: String
    package var publishedAt: Timestamp
}

/// A name for one version of a function, or for two that share its calls.
package struct FunctionAlias: Sendable, Hashable {
    package var name: String
    /// Nil: the function as it is now.
    package var version: Int?
    package var other: Other?
    package var description: String

    /// A version that gets a part of the calls.
    package struct Other: Sendable, Hashable {
        package var version: Int
        /// Of 1.
        package var weight: Double

        package init(version: Int, weight: Double) {
            self.version = version
            self.weight = weight
        }
    }

    package init(name: String, version: Int?, other: Other? = nil, description: String = "") {
        self.name = name
        self.version = version
        self.other = other
        self.description = description
    }

    /// The version for one call.
    ///
    /// - Parameter key: what is alike for every attempt at the call: so all of them get the same version.
    func version(for key: String) -> Int? {
        guard let other, Digest.fraction(key) < other.weight else { return version }
        return other.version
    }
}

/// What may stand behind the name of a function.
package struct FunctionQualifiers: Sendable, Hashable {
    package var versions: [FunctionVersion] = []
    package var aliases: [FunctionAlias] = []

    /// What a qualifier means for one call.
    package enum Meaning: Sendable, Hashable {
        /// The function as it is now.
        case latest
        case version(Int)
        /// There is no such version and no such alias.
        case unknown

        /// As Lambda says which version was executed.
        package var executedVersion: String {
            if case .version(let number) = self { "\(number)" } else { FunctionReference.latest }
        }
    }

    /// - Parameter key: what is alike for every attempt at the call.
    package func meaning(of qualifier: String, for key: String) -> Meaning {
        if let alias = aliases.first(where: { $0.name == qualifier }) {
            return alias.version(for: key).map(Meaning.version) ?? .latest
        }
        // As it was published: 07 is none.
        guard let version = versions.first(where: { "\($0.version)" == qualifier }) else { return .unknown }
        return .version(version.version)
    }
}

extension Store {
    /// Publishes what a function is now, unless its last version is just that.
    ///
    /// - Returns: the version's number.
    package func publishFunction(
        _ name: String,
        digest: String,
        description: String = ""
    ) async throws(StoreError) -> Int {
        guard FunctionSettings.isName(name) else {
            throw .validation("a function's name has 1 to 64 letters, digits, _ and -")
        }
        try Self.checkDescription(description)
        // Whoever publishes at the same time gets the number: then the next one is tried.
        while true {
            if let last = try await functionQualifiers(of: name).versions.last, last.digest == digest {
                return last.version
            }
            let rows = try await query(
                Statement(
                    """
                    insert into stepwell.function_versions (function, version, digest, description)
                    select $1, coalesce(max(v.version), 0) + 1, $2, $3
                    from stepwell.function_versions v where v.function = $1
                    on conflict do nothing
                    returning version
                    """,
                    [.text(name), .text(digest), .text(description)]
                )
            )
            let version = try decode { () throws(PostgresError) in
                try rows.first.map { row throws(PostgresError) in try row.int(0) }
            }
            if let version { return version }
        }
    }

    /// Notes a version that a program offers.
    ///
    /// - Throws: `.validation` if another thing was published under its number.
    package func offerFunctionVersion(_ name: String, version: Int, digest: String) async throws(StoreError) {
        let rows = try await query(
            Statement(
                """
                insert into stepwell.function_versions as v (function, version, digest) values ($1, $2, $3)
                on conflict (function, version) do update set digest = v.digest
                returning digest
                """,
                [.text(name), .int4(Int32(clamping: version)), .text(digest)]
            )
        )
        guard try decode({ () throws(PostgresError) in try rows.only().text(0) }) == digest else {
            throw .validation(
                "version \(version) of '\(name)' is not what was published under this number: versions never change"
            )
        }
    }

    /// The versions of a function, oldest first, and its aliases by name.
    package func functionQualifiers(of name: String) async throws(StoreError) -> FunctionQualifiers {
        let rows = try await query(
            Statement(
                """
                select version, digest, description, published_at, null, null::int, null::float8
                from stepwell.function_versions where function = $1
                union all
                select version, null, description, updated_at, name, other_version, other_weight
                from stepwell.function_aliases where function = $1
                order by 5 nulls first, 1
                """,
                [.text(name)]
            )
        )
        return try decode { () throws(PostgresError) in
            var qualifiers = FunctionQualifiers()
            for row in rows {
                guard let alias = try row.optionalText(4) else {
                    qualifiers.versions.append(
                        FunctionVersion(
                            version: try row.int(0),
                            digest: try row.text(1),
                            description: try row.text(2),
                            publishedAt: Timestamp(microseconds: try row.timestamp(3))
                        )
                    )
                    continue
                }
                var other: FunctionAlias.Other?
                if let version = try row.optionalInt(5), let weight = try row.optionalDouble(6) {
                    other = FunctionAlias.Other(version: version, weight: weight)
                }
                qualifiers.aliases.append(
                    FunctionAlias(
                        name: alias,
                        version: try row.optionalInt(0),
                        other: other,
                        description: try row.text(2)
                    )
                )
            }
            return qualifiers
        }
    }

    /// Makes an alias, or lets it lead elsewhere: workers follow within a second.
    ///
    /// - Throws: `.validation` for names and weights that can't be, and for versions that there are not.
    package func putFunctionAlias(_ alias: FunctionAlias, of name: String) async throws(StoreError) {
        guard FunctionSettings.isName(name) else {
            throw .validation("a function's name has 1 to 64 letters, digits, _ and -")
        }
        guard alias.name.wholeMatch(of: /[A-Za-z0-9_-]{1,128}/) != nil, !alias.name.allSatisfy(\.isNumber) else {
            throw .validation("an alias has 1 to 128 letters, digits, _ and -, and is no number")
        }
        try Self.checkDescription(alias.description)
        if let other = alias.other {
            guard (0...1).contains(other.weight) else {
                throw .validation("the weight is \(other.weight): expected 0 to 1")
            }
            guard let version = alias.version else { throw .validation("$LATEST shares its calls with no version") }
            guard version != other.version else { throw .validation("an alias is for two versions, or for one") }
        }
        let versions = try await functionQualifiers(of: name).versions.map(\.version)
        for version in [alias.version, alias.other?.version].compactMap(\.self) where !versions.contains(version) {
            throw .validation("'\(name)' has no version \(version)")
        }
        _ = try await query(
            Statement(
                """
                insert into stepwell.function_aliases
                    (function, name, version, other_version, other_weight, description)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (function, name) do update
                set version = excluded.version, other_version = excluded.other_version,
                    other_weight = excluded.other_weight, description = excluded.description, updated_at = now()
                """,
                [
                    .text(name), .text(alias.name), .int4(alias.version.map(Int32.init(clamping:))),
                    .int4(alias.other.map { Int32(clamping: $0.version) }), .float8(alias.other?.weight),
                    .text(alias.description),
                ]
            )
        )
    }

    /// Deletes an alias.
    ///
    /// - Throws: `.validation` if there is none.
    package func deleteFunctionAlias(_ alias: String, of name: String) async throws(StoreError) {
        let rows = try await query(
            Statement(
                "delete from stepwell.function_aliases where function = $1 and name = $2 returning name",
                [.text(name), .text(alias)]
            )
        )
        guard !rows.isEmpty else { throw .validation("'\(name)' has no alias '\(alias)'") }
    }

    /// A function's ARN in the region and account of this installation.
    package func functionARN(_ name: String, qualifier: String?) -> String {
        "arn:aws:lambda:\(settings.region):\(settings.account):function:\(name)\(qualifier.map { ":\($0)" } ?? "")"
    }

    private static func checkDescription(_ text: String) throws(StoreError) {
        guard text.unicodeScalars.count <= 256, !text.utf8.contains(0) else {
            throw .validation("a description has at most 256 characters, and no U+0000")
        }
    }
}
