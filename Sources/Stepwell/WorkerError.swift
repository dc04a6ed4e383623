/// Why a worker could not start or go on.
public struct WorkerError: Error, Sendable {
    /// What kind of trouble it is; more may be added.
    public struct Code: Sendable, Hashable {
        private let name: String

        private init(_ name: String) { self.name = name }

        /// A setting or a function makes no sense.
        public static let configuration = Code("configuration")
        /// Another live process on this machine has the worker's name.
        public static let nameTaken = Code("nameTaken")
        /// The database could not be reached for as long as the worker waits at its start.
        public static let databaseUnreachable = Code("databaseUnreachable")
        /// The database is not set up for this version.
        public static let schemaMismatch = Code("schemaMismatch")
        /// The database refused what the worker can't do without.
        public static let databaseRefused = Code("databaseRefused")
    }

    /// What kind of trouble it is.
    public let code: Code
    /// What happened and what to do.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension WorkerError: CustomStringConvertible {
    /// What happened and what to do.
    public var description: String { message }
}
