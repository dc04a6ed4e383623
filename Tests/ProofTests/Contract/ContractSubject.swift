import JSON
import Postgres
import Store

/// A store that has to keep the contract, with what a test needs around it.
protocol ContractSubject: Sendable {
    var store: any WorkerStore { get }

    func deploy(_ name: String, _ definition: String) async throws
    /// Starts an execution, or finds it.
    ///
    /// - Returns: whether it was started by this call.
    func open(_ machine: String, _ name: String, _ input: String) async throws -> Bool
    func stop(_ machine: String, _ name: String) async throws
    func answer(_ token: String, _ output: String) async throws
    func execution(_ machine: String, _ name: String) async throws -> ContractExecution
    /// The rows of everything that is only there while executions run.
    func leftovers() async throws -> Int
    /// Moves everything that waits for a time closer to it.
    func letTimePass(_ duration: Duration) async throws
    /// Remembers the messages that are there.
    func keepMessages() async throws
    /// Puts them back, as if whoever delivered them had died before it could forget them.
    func repeatMessages() async throws
}

/// What a test sees of an execution.
struct ContractExecution: Sendable {
    struct Event: Sendable {
        var id: Int
        var previous: Int
        var type: String
    }

    var status: ExecutionStatus
    var output: String?
    var error: String?
    var events: [Event]
}

/// A promise that a store has broken.
struct ContractViolation: Error, CustomStringConvertible {
    let description: String
}
