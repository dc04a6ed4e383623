import JSON
import PostgresTestSupport
import Stepwell
import Store
import Synchronization
import Testing

/// A transition is on disk before what follows from it begins.
@Suite struct DurabilityTests {
    /// As in production; the other suites do without.
    private static let settings = ["fsync = on", "synchronous_commit = on", "full_page_writes = on"]

    @Test func aTransitionIsOnDiskBeforeTheNextHandlerStarts() async throws {
        let cluster = try await TestCluster.start(settings: Self.settings)
        let database = try await Database(on: cluster)
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function("first"))", "Next": "Then"},
            "Then": {"Type": "Task", "Resource": "\#(Database.function("second"))", "End": true}
            """#
        )
        let calls = Mutex((first: 0, second: 0))
        try await database.withWorker {
            Function("first") { (event: JSONValue) in
                calls.withLock { $0.first += 1 }
                return event
            }
            Function("second") { (event: JSONValue) in
                let isFirst = calls.withLock { calls in
                    calls.second += 1
                    return calls.second == 1
                }
                if isFirst {
                    // What is not on disk when this handler begins is gone.
                    try await cluster.stop(.immediate)
                    try await cluster.start()
                }
                return event
            }
        } body: {
            let execution = try await database.start()
            while try await !hasEnded(execution, in: database) { try await Task.sleep(for: .milliseconds(20)) }
            let description = try await database.store.describe(execution)
            #expect(description.status == .succeeded)
            #expect(
                try await database.events(of: execution).filter { $0 == "LambdaFunctionSucceeded" }.count == 2
            )
        }
        // Had the first transition been lost, its handler would have run again.
        #expect(calls.withLock(\.first) == 1)
        await database.store.close()
        try await cluster.stop()
    }

    /// False as well while the server is down.
    private func hasEnded(_ execution: String, in database: Database) async throws -> Bool {
        do throws(StoreError) {
            return try await database.store.describe(execution).status != .running
        } catch {
            guard error.isTransient else { throw error }
            return false
        }
    }
}
