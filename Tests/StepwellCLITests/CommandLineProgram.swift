import Foundation
import ProcessTestSupport
import Testing

/// The built `stepwell`, run as a user would.
struct CommandLineProgram {
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
    func callAsFunction(_ arguments: String..., input: String = "") async throws -> TestProcess.Outcome {
        try await run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String = "") async throws -> TestProcess.Outcome {
        try await TestProcess.run(program(arguments), input: Array(input.utf8))
    }

    /// Starts `stepwell` with these arguments.
    func start(_ arguments: String...) async throws -> TestProcess {
        try await TestProcess.start(program(arguments))
    }

    private func program(_ arguments: [String]) throws -> TestProcess.Program {
        try .init(.built("stepwell"), arguments, environment: environment, directory: directory)
    }

    /// Puts a file into the directory and answers its name.
    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: directory.appending(path: name))
        return name
    }
}
