import Foundation
import PostgresTestSupport
import Synchronization

/// A run of the executable `WorkerFixture`.
final class FixtureProcess: Sendable {
    let id: Int32
    private let lines: AsyncStream<String>
    private let ended: AsyncStream<Int32>

    /// Starts it with some variables added to the environment.
    init(_ program: String = "WorkerFixture", environment: [String: String]) throws {
        // The tests' own executable lies beside it.
        let directory = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: directory).deletingLastPathComponent()
            .appendingPathComponent(program)
        process.environment = ProcessInfo.processInfo.environment
            .merging(TestNetwork.environment(for: environment["DATABASE_URL"] ?? "")) { $1 }
            .merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        // Its log, and the traces of those that crash on purpose, would bury what the tests have to say.
        process.standardError = FileHandle.nullDevice
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                line.finish()
            }
            for text in String(decoding: data, as: UTF8.self).split(separator: "\n") { line.yield(String(text)) }
        }
        self.lines = lines
        let (ended, end) = AsyncStream.makeStream(of: Int32.self)
        self.ended = ended
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.run()
        id = process.processIdentifier
    }

    /// Waits until it says a word.
    ///
    /// - Returns: what follows the word on its line.
    @discardableResult
    func hears(_ word: String) async -> String {
        for await line in lines where line == word || line.hasPrefix(word + " ") {
            return String(line.dropFirst(word.count + 1))
        }
        return ""
    }

    /// Sends a signal and waits for its end.
    @discardableResult
    func end(_ signal: Int32) async -> Int32 {
        kill(id, signal)
        return await exitStatus()
    }

    /// Waits for its end; -1 when the task is cancelled before.
    func exitStatus() async -> Int32 {
        for await status in ended { return status }
        return -1
    }
}
