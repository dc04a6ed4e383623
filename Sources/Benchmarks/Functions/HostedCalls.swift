import Foundation
import FunctionHost
import JSON
import Logging

/// Calls through the function host.
enum HostedCalls {
    /// Microseconds for one call.
    static func measure(_ folder: URL, calls: Int) async throws -> Double {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let host = try FunctionHost(folder: folder, logger: logger)
        let event = try JSONDocument(parsing: PythonFunction.event)
        let result: Result<Double, any Error>
        do {
            for _ in 0..<PythonFunction.warmUp { _ = try await host.call(PythonFunction.name, event) }
            let start = ContinuousClock.now
            for _ in 0..<calls { _ = try await host.call(PythonFunction.name, event) }
            result = .success(start.duration(to: .now) / .microseconds(calls))
        } catch {
            result = .failure(error)
        }
        await host.stop()
        return try result.get()
    }
}
