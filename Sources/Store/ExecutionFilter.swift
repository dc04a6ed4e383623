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
    var condition: (text: String, parameters: [PostgresValue]) {
        var conditions = ["e.map_run is null"]
        var parameters: [PostgresValue] = []
        func require(_ condition: (String) -> String, _ value: PostgresValue) {
            parameters.append(value)
            conditions.append(condition("$\(parameters.count + 1)"))
        }
        if let stateMachine { require({ "m.name = \($0)" }, .text(Settings.machineName(stateMachine))) }
        if let qualifier = stateMachine.flatMap(Settings.qualifier) {
            if let version = Int32(qualifier) {
                require({ "e.version = \($0)" }, .int4(version))
            } else {
                require({ "e.alias = \($0)" }, .text(qualifier))
            }
        }
        if !statuses.isEmpty { require({ "e.status = any (\($0))" }, .textArray(statuses.map(\.rawValue))) }
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
