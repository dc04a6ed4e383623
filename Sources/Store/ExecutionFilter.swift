package import Expressions
import Postgres

/// Which executions are meant. What is not said does not matter.
package struct ExecutionFilter: Sendable {
    /// A text somewhere in the input.
    package struct Field: Sendable, Hashable {
        /// Keys, and indexes of arrays.
        package var path: [String]
        /// Of a member that is no text, its JSON.
        package var value: String

        package init(path: [String], value: String) {
            self.path = path
            self.value = value
        }
    }

    /// By name or ARN; with a version or an alias only those that were started through it.
    package var stateMachine: String?
    /// Empty: any.
    package var statuses: [ExecutionStatus] = []
    package var startedSince: Timestamp?
    package var startedBefore: Timestamp?
    package var error: String?
    package var namePrefix: String?
    package var fields: [Field] = []

    package init() {}

    /// What a filter asks of an execution `e`, with its parameters from `$2` on.
    struct Condition {
        /// What an index may lead to.
        var indexed: [String] = []
        /// What is asked of one execution after the other.
        var scanned = ["e.map_run is null"]
        var parameters: [PostgresValue] = []

        /// What stands after `where e.bucket = $1 and`.
        var text: String { (scanned + indexed).joined(separator: " and ") }
    }

    /// - Parameter machine: the id of the state machine. It is given as a value so that a plan can go by how many executions
    ///   that one has.
    func condition(machine: Int32?) -> Condition {
        var conditions = Condition()
        func place(_ value: PostgresValue) -> String {
            conditions.parameters.append(value)
            return "$\(conditions.parameters.count + 1)"
        }
        func require(_ condition: (String) -> String, _ value: PostgresValue) {
            let text = condition(place(value))
            conditions.indexed.append(text)
        }
        func look(_ condition: (String) -> String, _ value: PostgresValue) {
            let text = condition(place(value))
            conditions.scanned.append(text)
        }
        if let machine { require({ "e.machine = \($0)" }, .int4(machine)) }
        if let qualifier = stateMachine.flatMap(Settings.qualifier) {
            if let version = Int32(qualifier) {
                look({ "e.version = \($0)" }, .int4(version))
            } else {
                look({ "e.alias = \($0)" }, .text(qualifier))
            }
        }
        // What runs has a root branch, and what failed is in an index of its own.
        if statuses == [.running] {
            conditions.indexed.append(
                "e.id in (select s.execution from stepwell.steps s where s.bucket = $1 and s.id = 0) and e.status = 'RUNNING'"
            )
        } else if let status = statuses.first, statuses.count == 1, status != .succeeded {
            require({ "e.failed_as = \($0)" }, .text(status.rawValue))
        } else if !statuses.isEmpty {
            let names = PostgresValue.textArray(statuses.map(\.rawValue))
            if statuses.allSatisfy({ [.failed, .timedOut, .aborted].contains($0) }) {
                require({ "e.failed_as is not null and e.failed_as = any (\($0))" }, names)
            } else {
                look({ "e.status = any (\($0))" }, names)
            }
        }
        if error != nil { conditions.indexed.append("e.failed_as is not null") }
        // An id begins with the time of its start.
        if let startedSince { require({ "e.id >= \($0)" }, .uuid(.first(at: startedSince))) }
        if let startedBefore { require({ "e.id < \($0)" }, .uuid(.first(at: startedBefore))) }
        if let error { look({ "e.error = \($0)" }, .text(error)) }
        if let namePrefix { look({ "starts_with(e.name, \($0))" }, .text(namePrefix)) }
        for field in fields {
            let path = place(.textArray(field.path))
            look(
                { "stepwell.field(stepwell.payload(e.bucket, e.id, e.input, e.input_id), \(path)) = \($0)" },
                .text(field.value)
            )
        }
        return conditions
    }
}

extension PGUUID {
    /// The least id that an execution can have that starts at a moment or later.
    static func first(at time: Timestamp) -> PGUUID {
        PGUUID(high: UInt64(max(0, time.epochMilliseconds)) << 16 | 0x7000, low: 0x8000_0000_0000_0000)
    }
}
