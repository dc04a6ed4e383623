package import Foundation
import Subprocess
import SystemPackage

/// A program that a test has started.
///
/// Foundation's `Process` is not used in tests: it reads beyond a buffer of the C library when the process that starts
/// it has more than 1,350 descriptors open, which crashes now and then, and tests of many clients do have.
package final class TestProcess: Sendable {
    /// What a run left behind.
    package struct Outcome: Sendable {
        /// Its exit status; the signal's number plus 128 if a signal ended it.
        package var status: Int32
        package var output: String
        package var errors: String
    }

    /// What to run, and where.
    package struct Program: Sendable {
        package var executable: URL
        package var arguments: [String]
        /// Nil for the tests' own.
        package var environment: [String: String]?
        package var directory: URL?

        package init(
            _ executable: URL,
            _ arguments: [String] = [],
            environment: [String: String]? = nil,
            directory: URL? = nil
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
        }

        fileprivate var configuration: Configuration {
            var values: Environment = .inherit
            if let environment {
                values = .custom(.init(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0), $1) }))
            }
            return Configuration(
                executable: .path(.init(executable.path)),
                arguments: Arguments(arguments),
                environment: values,
                workingDirectory: directory.map { .init($0.path) }
            )
        }
    }

    package let processIdentifier: Int32
    private let lines: AsyncStream<String>
    private let end: Task<Int32, any Error>

    private init(processIdentifier: Int32, lines: AsyncStream<String>, end: Task<Int32, any Error>) {
        self.processIdentifier = processIdentifier
        self.lines = lines
        self.end = end
    }

    /// Runs a program to its end.
    package static func run(_ program: Program, input: [UInt8] = []) async throws -> Outcome {
        let result = try await Subprocess.run(
            program.configuration,
            input: .array(input),
            output: .string(limit: 1 << 26),
            error: .string(limit: 1 << 26)
        )
        return Outcome(
            status: status(result.terminationStatus),
            output: result.standardOutput,
            errors: result.standardError
        )
    }

    /// Starts a program whose errors nobody wants to see.
    package static func start(_ program: Program) async throws -> TestProcess {
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        let (started, start) = AsyncStream.makeStream(of: Int32.self)
        let end = Task {
            defer {
                line.finish()
                start.finish()
            }
            let result = try await Subprocess.run(
                program.configuration,
                input: .none,
                output: .sequence,
                error: .discarded
            ) { execution in
                start.yield(execution.processIdentifier.value)
                for try await text in execution.standardOutput.strings() { line.yield(text) }
            }
            return status(result.terminationStatus)
        }
        guard let id = await started.first(where: { _ in true }) else {
            _ = try await end.value
            throw CancellationError()
        }
        return TestProcess(processIdentifier: id, lines: lines, end: end)
    }

    /// Waits for a line that begins with a word.
    ///
    /// - Returns: what follows the word on its line; nil if it ended without such a line.
    @discardableResult
    package func hears(_ word: String) async -> String? {
        for await line in lines where line.hasPrefix(word) {
            return line.dropFirst(word.count).trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    package func send(_ signal: Int32) {
        kill(processIdentifier, signal)
    }

    /// Its exit status, once it has ended; the signal's number plus 128 if a signal ended it.
    package func status() async throws -> Int32 {
        try await end.value
    }

    private static func status(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

extension URL {
    /// A program of this package: it is built beside the tests.
    package static func built(_ name: String) throws -> URL {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: tests).deletingLastPathComponent().appending(path: name)
    }
}
