package import Expressions
package import JSON
import Postgres
package import StatesLanguage

/// A tag of a state machine or an activity.
package struct Tag: Sendable, Hashable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// A state machine that is to be created.
package struct NewStateMachine: Sendable {
    package var name: String
    package var type: MachineType
    package var definition: ValidDefinition
    package var roleARN: String
    /// The three configurations in full: two requests that mean the same have equal ones.
    package var configuration: JSONValue
    package var tags: [Tag]
    package var publishes: Bool
    package var versionDescription: String?

    package init(
        name: String,
        type: MachineType,
        definition: ValidDefinition,
        roleARN: String,
        configuration: JSONValue,
        tags: [Tag] = [],
        publishes: Bool = false,
        versionDescription: String? = nil
    ) {
        self.name = name
        self.type = type
        self.definition = definition
        self.roleARN = roleARN
        self.configuration = configuration
        self.tags = tags
        self.publishes = publishes
        self.versionDescription = versionDescription
    }
}

/// What became of a creation.
package enum Creation: Sendable, Hashable {
    /// It is there: made now, or by the same request before.
    case present(createdAt: Timestamp, version: Int?)
    /// Another state machine has the name.
    case conflict
    /// One of this name is being deleted.
    case deleting
}

/// What becomes of a state machine; nil: as it is.
package struct MachineUpdate: Sendable {
    package var definition: ValidDefinition?
    package var roleARN: String?
    /// The members of the configuration that change.
    package var configuration: JSONObject
    package var publishes = false
    package var versionDescription: String?
    /// The revision that is changed (`INITIAL`: the first one), and no other; nil: whichever is the current one.
    package var revisionID: String?

    package init(
        definition: ValidDefinition? = nil,
        roleARN: String? = nil,
        configuration: JSONObject = [:],
        publishes: Bool = false,
        versionDescription: String? = nil,
        revisionID: String? = nil
    ) {
        self.revisionID = revisionID
        self.definition = definition
        self.roleARN = roleARN
        self.configuration = configuration
        self.publishes = publishes
        self.versionDescription = versionDescription
    }
}

/// What became of an update.
package enum UpdateResult: Sendable, Hashable {
    /// The state machine is as wanted. The revision is nil while it is the first one.
    case done(updatedAt: Timestamp, revisionID: String?, version: Int?)
    case missing
    case deleting
    /// The revision that was named is not the current one, which is this; nothing was changed.
    case outdated(current: String)
    /// It has as many versions as it may have; nothing was changed.
    case full
}

extension Store {
    /// Creates a state machine. The same request again is harmless; role and tags make no difference.
    ///
    /// - Throws: `.invalidName`.
    package func createStateMachine(_ new: NewStateMachine) async throws(StoreError) -> Creation {
        _ = try await query(Statement("select stepwell.check_name('state machine', $1)", [.text(new.name)]))
        let tags = JSONValue.array(
            new.tags.map { .object(["key": .string($0.key), "value": .string($0.value)]) }
        )
        let rows = try await query(
            Statement(
                """
                select o_outcome, o_created_at, o_version
                from stepwell.create_state_machine($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """,
                [
                    .text(new.name), .text(new.type.rawValue), .text(new.definition.text),
                    .text(new.definition.entryState), .text(new.definition.entryFunction),
                    .int4(new.definition.timeoutSeconds), .text(new.roleARN), .json(new.configuration.text),
                    .json(tags.text), .bool(new.publishes), .text(new.versionDescription),
                ]
            )
        )
        return try decode { () throws(PostgresError) in
            let row = try rows.only()
            switch try row.text(0) {
            case "created", "exists":
                return .present(
                    createdAt: Timestamp(microseconds: try row.timestamp(1)),
                    version: new.publishes ? try row.optionalInt(2) : nil
                )
            case "deleting": return .deleting
            default: return .conflict
            }
        }
    }

    /// Changes a state machine. Executions that run keep their revision; nothing new makes no new revision.
    package func updateStateMachine(_ name: String, _ update: MachineUpdate) async throws(StoreError) -> UpdateResult {
        let configuration = update.configuration.isEmpty ? nil : JSONValue.object(update.configuration).text
        let statement = Statement(
            """
            select o_outcome, o_updated_at, o_revision_id, o_version, o_current
            from stepwell.update_state_machine($1, $10, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .text(name), .text(update.definition?.text), .text(update.definition?.entryState),
                .text(update.definition?.entryFunction), .int4(update.definition?.timeoutSeconds),
                .text(update.roleARN), .json(configuration), .bool(update.publishes),
                .text(update.versionDescription), .text(update.revisionID),
            ]
        )
        let rows: Rows
        do throws(StoreError) {
            rows = try await query(statement)
        } catch .postgres(let error) where error.sqlState?.rawValue == "SW102" {
            return .full
        }
        return try decode { () throws(PostgresError) in
            let row = try rows.only()
            switch try row.text(0) {
            case "missing": return .missing
            case "deleting": return .deleting
            case "outdated": return .outdated(current: try row.text(4))
            default:
                return .done(
                    updatedAt: Timestamp(microseconds: try row.timestamp(1)),
                    revisionID: try row.optionalUUID(2)?.description,
                    version: try row.optionalInt(3)
                )
            }
        }
    }
}
