package import Expressions
import Postgres

/// A numbered revision.
package struct MachineVersion: Sendable, Hashable {
    package var number: Int
    package var createdAt: Timestamp
}

/// What became of a publication.
package enum Publication: Sendable, Hashable {
    /// The current revision has this number: given now, or before.
    case published(MachineVersion)
    case missing
    case deleting
    /// The revision that was named is not the current one, which is this.
    case outdated(current: String)
    /// The state machine has 1,000 versions.
    case full
}

extension Store {
    /// Gives the current revision a number.
    ///
    /// - Parameter revisionID: publish only if this is the current revision (`INITIAL`: the first).
    package func publishVersion(
        ofStateMachine name: String,
        revisionID: String?,
        description: String?
    ) async throws(StoreError) -> Publication {
        let rows = try await query(
            Statement(
                "select o_outcome, o_version, o_created_at, o_current from stepwell.publish_version($1, $2, $3)",
                [.text(name), .text(revisionID), .text(description)]
            )
        )
        return try decode { () throws(PostgresError) in
            let row = try rows.only()
            switch try row.text(0) {
            case "missing": return .missing
            case "deleting": return .deleting
            case "full": return .full
            case "outdated": return .outdated(current: try row.text(3))
            default:
                let createdAt = Timestamp(microseconds: try row.timestamp(2))
                return .published(MachineVersion(number: try row.int(1), createdAt: createdAt))
            }
        }
    }

    /// Deletes a version; one that isn't there is as good as deleted.
    ///
    /// - Returns: the aliases that refer to it: then it is still there.
    package func deleteVersion(_ number: Int32, ofStateMachine name: String) async throws(StoreError) -> [String] {
        let rows = try await query(
            Statement("select stepwell.delete_version($1, $2)", [.text(name), .int4(number)])
        )
        return try decode { () throws(PostgresError) in try rows.only().textArray(0).compactMap(\.self) }
    }

    /// Versions, newest first, below `before`.
    package func versions(
        ofStateMachine name: String,
        before: Int?,
        limit: Int
    ) async throws(StoreError) -> Page<MachineVersion, Int> {
        let rows = try await query(
            Statement(
                """
                select v.number, v.created_at
                from stepwell.state_machines m join stepwell.versions v on v.machine = m.id
                where m.name = $1 and ($2::int8 is null or v.number < $2)
                order by v.number desc
                limit $3
                """,
                [.text(name), .int(before), .int8(Int64(limit + 1))]
            )
        )
        let versions = try decode { () throws(PostgresError) in
            var versions: [MachineVersion] = []
            for row in rows {
                let createdAt = Timestamp(microseconds: try row.timestamp(1))
                versions.append(MachineVersion(number: try row.int(0), createdAt: createdAt))
            }
            return versions
        }
        return Page(versions, limit: limit, cursor: \.number)
    }
}
