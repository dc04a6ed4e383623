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

    /// What stands after `where e.bucket = $1 and`, with its parameters from `$2` on.
    ///
    /// - Parameter machine: the id of the state machine. It is given as a value so that a plan can go by how many executions
    ///   that one has.
    func condition(machine: Int32?) -> (text: String, parameters: [PostgresValue]) {
        var conditions = ["e.map_run is null"]
        var parameters: [PostgresValue] = []
        func require(_ condition: (String) -> String, _ value: PostgresValue) {
            parameters.append(value)
            conditions.append(condition("$\(parameters.count + 1)"))
        }
        if let machine { require({ "e.machine = \($0)" }, .int4(machine)) }
        if let qualifier = stateMachine.flatMap(Settings.qualifier) {
            if let version = Int32(qualifier) {
                require({ "e.version = \($0)" }, .int4(version))
            } else {
                require({ "e.alias = \($0)" }, .text(qualifier))
            }
        }
        // What runs has a head, and what failed is in an index of its own.
        if statuses == [.running] {
            conditions.append(
                "e.id in (select h.execution from stepwell.execution_heads h where h.bucket = $1) and e.status = 'RUNNING'"
            )
        } else if let status = statuses.first, statuses.count == 1, status != .succeeded {
            require({ "e.failed_as = \($0)" }, .text(status.rawValue))
        } else if !statuses.isEmpty {
            require({ "e.status = any (\($0))" }, .textArray(statuses.map(\.rawValue)))
        }
        if error != nil { conditions.append("e.failed_as is not null") }
        // An id begins with the time of its start.
        if let startedSince { require({ "e.id >= \($0)" }, .uuid(.first(at: startedSince))) }
        if let startedBefore { require({ "e.id < \($0)" }, .uuid(.first(at: startedBefore))) }
        if let error { require({ "e.error = \($0)" }, .text(error)) }
        if let namePrefix { require({ "starts_with(e.name, \($0))" }, .text(namePrefix)) }
        for field in fields {
            parameters.append(.textArray(field.path))
            let path = "$\(parameters.count + 1)"
            require(
                { "stepwell.field(stepwell.payload(e.bucket, e.id, e.input, e.input_id), \(path)) = \($0)" },
                .text(field.value)
            )
        }
        return (conditions.joined(separator: " and "), parameters)
    }
}

extension PGUUID {
    /// The least id that an execution can have that starts at a moment or later.
    fileprivate static func first(at time: Timestamp) -> PGUUID {
        PGUUID(high: UInt64(max(0, time.epochMilliseconds)) << 16 | 0x7000, low: 0x8000_0000_0000_0000)
    }
}
