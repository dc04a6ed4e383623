import Expressions
import Foundation
import FunctionHost
import JSON
import Logging
import Postgres
import Stepwell
import Store

/// Calls as an application makes them: each an execution in the database, which a worker claims, has run by the host, and
/// ends.
enum DurableCalls {
    /// Microseconds from a call's start until its end is committed.
    static func measure(_ folder: URL, calls: Int, _ database: BenchDatabase) async throws -> Double {
        let host = try FunctionHost(folder: folder, logger: .bench)
        var configuration = WorkerConfiguration()
        configuration.database = database.configuration.conninfo
        configuration.logger = .bench
        let worker = Worker(configuration: configuration) { host.functions }
        let running = Task { try await worker.run(handlesSignals: false) }
        let result: Result<Double, any Error>
        do {
            let event = try JSONDocument(parsing: PythonFunction.event)
            for _ in 0..<PythonFunction.warmUp { _ = try await call(event, database) }
            var total = 0.0
            for _ in 0..<calls { total += try await call(event, database) }
            result = .success(total / Double(calls))
        } catch {
            result = .failure(error)
        }
        running.cancel()
        let end = await running.result
        await host.stop()
        let average = try result.get()
        try end.get()
        return average
    }

    /// Calls once, and reads from the rows how long that took: the look for its end does not count.
    private static func call(_ event: JSONDocument, _ database: BenchDatabase) async throws -> Double {
        let execution = try await database.store.invoke(PythonFunction.name, payload: event, kind: .request)
        while true {
            let end = try await database.store.describe(execution)
            if let stopped = end.summary.stoppedAt {
                guard end.summary.status == .succeeded else {
                    throw BenchFailure("a call has failed: \(end.error ?? ""): \(end.cause ?? "")")
                }
                return Double(stopped.microseconds - end.summary.startedAt.microseconds)
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
