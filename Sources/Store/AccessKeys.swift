package import Expressions
package import JSON
import Postgres

/// An access key as it is kept: the secret is sealed, its key is not in the database.
package struct StoredAccessKey: Sendable {
    package var id: String
    package var name: String
    package var sealedSecret: [UInt8]
    package var grants: JSONValue
    /// How many requests a second it may send to each server; nil: as many as the server allows every key.
    package var rateLimit: Int?
    package var createdAt: Timestamp
    package var revokedAt: Timestamp?

    package init(
        id: String,
        name: String,
        sealedSecret: [UInt8],
        grants: JSONValue,
        rateLimit: Int? = nil,
        createdAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.sealedSecret = sealedSecret
        self.grants = grants
        self.rateLimit = rateLimit
        self.createdAt = createdAt
    }
}

extension Store {
    package func addAccessKey(_ key: StoredAccessKey) async throws(StoreError) {
        _ = try await query(
            Statement(
                """
                insert into stepwell.access_keys (id, name, sealed_secret, grants, rate_limit)
                values ($1, $2, $3, $4, $5)
                """,
                [
                    .text(key.id), .text(key.name), .bytea(key.sealedSecret), .json(key.grants.text),
                    .int4(key.rateLimit.map { Int32(clamping: $0) }),
                ]
            )
        )
    }

    /// One key, revoked or not; nil: there is none.
    package func accessKey(_ id: String) async throws(StoreError) -> StoredAccessKey? {
        let rows = try await query(Statement("\(Self.accessKeyColumns) where k.id = $1", [.text(id)]))
        return try decode { () throws(PostgresError) in try rows.first.map(Self.accessKey) }
    }

    /// All keys, oldest first.
    package func accessKeys() async throws(StoreError) -> [StoredAccessKey] {
        let rows = try await query(Statement("\(Self.accessKeyColumns) order by k.created_at, k.id"))
        return try decode { () throws(PostgresError) in
            var keys: [StoredAccessKey] = []
            for row in rows { keys.append(try Self.accessKey(row)) }
            return keys
        }
    }

    /// Makes a key useless.
    ///
    /// - Returns: whether there is such a key.
    package func revokeAccessKey(_ id: String) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "update stepwell.access_keys k set revoked_at = coalesce(k.revoked_at, now()) where k.id = $1 returning true",
                [.text(id)]
            )
        )
        return !rows.isEmpty
    }

    private static let accessKeyColumns =
        """
        select k.id, k.name, k.sealed_secret, k.grants, k.created_at, k.revoked_at, k.rate_limit
        from stepwell.access_keys k
        """

    private static func accessKey(_ row: Row) throws(PostgresError) -> StoredAccessKey {
        var key = StoredAccessKey(
            id: try row.text(0),
            name: try row.text(1),
            sealedSecret: try row.bytes(2),
            grants: (try? JSONValue(parsing: try row.text(3))) ?? [],
            createdAt: Timestamp(microseconds: try row.timestamp(4))
        )
        key.rateLimit = try row.optionalInt(6)
        key.revokedAt = try row.optionalTimestamp(5).map(Timestamp.init(microseconds:))
        return key
    }
}
