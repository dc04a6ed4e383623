package import Expressions
package import JSON
package import Postgres

/// What somebody has done, or was not let do.
package struct AuditEntry: Sendable {
    package var id: PGUUID
    package var at: Timestamp
    /// An access key; nil: on a server that asks nobody.
    package var actor: String?
    /// An operation of the API, or `LogIn`, `LogOut`.
    package var action: String
    /// The ARN or the name of what it was done to.
    package var subject: String
    package var detail: JSONValue?
    /// The error, if it was not done.
    package var refusal: String?
}

extension Store {
    /// People act seldom: all of it stands in one bucket.
    private static let auditBucket: Int32 = 0

    /// Records what somebody has done.
    package func audit(
        _ action: String,
        of subject: String,
        by actor: String?,
        detail: JSONValue? = nil,
        refusal: String? = nil,
        now: Timestamp
    ) async throws(StoreError) {
        _ = try await query(
            Statement(
                "select stepwell.add_audit($1, $2, $3, $4, $5, $6, $7)",
                [
                    .int4(Self.auditBucket), .uuid(.v7(microseconds: now.microseconds)), .text(actor), .text(action),
                    .text(subject), .json(detail?.text), .text(refusal),
                ]
            )
        )
    }

    /// What was done, newest first.
    ///
    /// - Parameter after: where the page before ended.
    package func auditEntries(
        limit: Int = 100,
        after: PGUUID? = nil
    ) async throws(StoreError) -> Page<AuditEntry, PGUUID> {
        let rows = try await query(
            Statement(
                """
                select a.id, a.at, a.actor, a.action, a.subject, a.detail, a.refusal from stepwell.audit a
                where a.bucket = $1 and ($2::uuid is null or a.id < $2)
                order by a.id desc limit $3
                """,
                [.int4(Self.auditBucket), .uuid(after), .int8(Int64(limit + 1))]
            )
        )
        let entries = try decode { () throws(PostgresError) in
            var entries: [AuditEntry] = []
            for row in rows {
                entries.append(
                    AuditEntry(
                        id: try row.uuid(0),
                        at: Timestamp(microseconds: try row.timestamp(1)),
                        actor: try row.optionalText(2),
                        action: try row.text(3),
                        subject: try row.text(4),
                        detail: try row.optionalText(5).flatMap { try? JSONValue(parsing: $0) },
                        refusal: try row.optionalText(6)
                    )
                )
            }
            return entries
        }
        return Page(entries, limit: limit, cursor: \.id)
    }
}
