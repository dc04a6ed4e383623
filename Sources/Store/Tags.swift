import JSON
import Postgres

extension Store {
    /// The most tags of one resource.
    package static let maximumTagCount = 50

    /// The tags of a resource, by key.
    ///
    /// - Parameter resource: `stateMachine:NAME` or `activity:NAME`.
    package func tags(of resource: String) async throws(StoreError) -> [Tag] {
        let rows = try await query(
            Statement(
                "select t.key, t.value from stepwell.tags t where t.resource = $1 order by t.key collate \"C\"",
                [.text(resource)]
            )
        )
        return try decode { () throws(PostgresError) in
            var tags: [Tag] = []
            for row in rows { tags.append(Tag(key: try row.text(0), value: try row.text(1))) }
            return tags
        }
    }

    /// Adds tags, or gives those that are there another value.
    ///
    /// - Returns: whether there are at most ``maximumTagCount``; if not, nothing was changed.
    package func addTags(_ tags: [Tag], to resource: String) async throws(StoreError) -> Bool {
        let list = JSONValue.array(tags.map { .object(["key": .string($0.key), "value": .string($0.value)]) })
        do {
            return try await pool.withTransaction { transaction in
                let rows = try await transaction.query(
                    Statement("select stepwell.put_tags($1, $2)", [.text(resource), .json(list.text)])
                )
                guard try rows.only().bool(0) else { throw TooManyTags() }
                return true
            }
        } catch is TooManyTags {
            return false
        } catch let error as PostgresError {
            throw StoreError(error)
        } catch {
            throw .corrupt("\(error)")
        }
    }

    /// Removes the tags with these keys.
    package func removeTags(_ keys: [String], from resource: String) async throws(StoreError) {
        _ = try await query(
            Statement(
                "delete from stepwell.tags t where t.resource = $1 and t.key = any ($2)",
                [.text(resource), .textArray(keys)]
            )
        )
    }

    /// Undoes the transaction.
    private struct TooManyTags: Error {}
}
