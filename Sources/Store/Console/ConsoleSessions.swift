package import Expressions
import Postgres

/// Somebody who has logged in to the console.
package struct ConsoleSession: Sendable, Hashable {
    /// The access key whose rights the session has.
    package var accessKey: String
    package var expiresAt: Timestamp
}

extension Store {
    /// Begins a session, and forgets those that are over.
    ///
    /// - Parameter digest: SHA-256 of what the browser keeps: that itself is not stored.
    package func beginConsoleSession(
        digest: [UInt8],
        accessKey: String,
        lifetime: Duration
    ) async throws(StoreError) {
        _ = try await pipeline([
            Statement("delete from stepwell.console_sessions s where s.expires_at < now()"),
            Statement(
                """
                insert into stepwell.console_sessions (digest, access_key, expires_at)
                values ($1, $2, now() + $3 * interval '1 microsecond')
                """,
                [.bytea(digest), .text(accessKey), .int8(lifetime.microseconds)]
            ),
        ])
    }

    /// A session that is not over.
    package func consoleSession(digest: [UInt8]) async throws(StoreError) -> ConsoleSession? {
        let rows = try await query(
            Statement(
                """
                select s.access_key, s.expires_at from stepwell.console_sessions s
                where s.digest = $1 and s.expires_at > now()
                """,
                [.bytea(digest)]
            )
        )
        return try decode { () throws(PostgresError) in
            guard let row = rows.first else { return nil }
            return ConsoleSession(
                accessKey: try row.text(0),
                expiresAt: Timestamp(microseconds: try row.timestamp(1))
            )
        }
    }

    /// Ends a session, for every server at once.
    package func endConsoleSession(digest: [UInt8]) async throws(StoreError) {
        _ = try await query(
            Statement("delete from stepwell.console_sessions s where s.digest = $1", [.bytea(digest)])
        )
    }
}
