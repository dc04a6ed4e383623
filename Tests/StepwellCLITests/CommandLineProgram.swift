import Foundation
import Testing

/// The built `stepwell`, run as a user would.
struct CommandLineProgram {
    /// What a run left behind.
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Where it runs; it is removed with `cleanUp()`.
    let directory: URL
    var environment: [String: String]

    init() throws {
        var name = Array("/tmp/swcli.XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        directory = URL(fileURLWithPath: path)
        // A server that is started here by root runs as another user.
        try #require(chmod(path, 0o755) == 0)
        environment = ["PATH": "/usr/bin:/bin"]
    }

    func cleanUp() {
        try? FileManager.default.removeItem(at: directory)
    }

    /// Runs `stepwell` with these arguments to its end.
    func callAsFunction(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String = "") async throws -> Outcome {
        let files = try ["stdin", "stdout", "stderr"]
            .map { name in
                let file = directory.appending(path: "." + name + UUID().uuidString)
                try Data((name == "stdin" ? input : "").utf8).write(to: file)
                return file
            }
        defer { files.forEach { try? FileManager.default.removeItem(at: $0) } }
        let process = process(arguments)
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        let status = try await process.runToEnd()
        return Outcome(
            status: status,
            output: try String(contentsOf: files[1], encoding: .utf8),
            errors: try String(contentsOf: files[2], encoding: .utf8)
        )
    }

    /// A process that is not yet running.
    func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = Self.executable("stepwell")
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = directory
        return process
    }

    /// Puts a file into the directory and answers its name.
    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: directory.appending(path: name))
        return name
    }

    /// The programs are built beside the tests.
    static func executable(_ name: String) -> URL {
        let tests = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return tests.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name)
    }
}

extension Process {
    /// Runs the process and waits for its end without holding a thread of the tests.
    ///
    /// - Returns: its status; the signal's number plus 128 if a signal ended it.
    func runToEnd() async throws -> Int32 {
        try await begin().value
    }

    /// Starts the process; the answer is its status once it has ended.
    func begin() throws -> Task<Int32, Never> {
        let (statuses, continuation) = AsyncStream.makeStream(of: Int32.self)
        terminationHandler = { process in
            let status = process.terminationStatus
            continuation.yield(process.terminationReason == .exit ? status : 128 + status)
            continuation.finish()
        }
        try run()
        return Task { await statuses.first { _ in true } ?? -1 }
    }
}
