import Foundation
import PostgresTestSupport
import ProcessTestSupport

/// A run of the executable `WorkerFixture`.
struct FixtureProcess {
    private let process: TestProcess

    /// Starts it with some variables added to the environment.
    init(_ program: String = "WorkerFixture", environment: [String: String]) async throws {
        process = try await TestProcess.start(
            TestProcess.Program(
                .built(program),
                environment: ProcessInfo.processInfo.environment
                    .merging(TestNetwork.environment(for: environment["DATABASE_URL"] ?? "")) { $1 }
                    .merging(environment) { $1 }
            )
        )
    }

    /// Waits until it says a word.
    ///
    /// - Returns: what follows the word on its line; nothing if it has ended.
    @discardableResult
    func hears(_ word: String) async -> String {
        await process.hears(word) ?? ""
    }

    func send(_ signal: Int32) {
        process.send(signal)
    }

    /// Sends a signal and waits for its end.
    @discardableResult
    func end(_ signal: Int32) async throws -> Int32 {
        send(signal)
        return try await exitStatus()
    }

    /// Its status, once it has ended; the signal's number plus 128 if a signal ended it.
    func exitStatus() async throws -> Int32 {
        try await process.status()
    }
}
