import Foundation
import Subprocess
import SystemPackage

/// The function that is measured: an order in, its receipt out.
enum PythonFunction {
    static let name = "receipt"
    static let handler = "app.receipt"
    static let event = #"{"id": "1042", "items": [{"sku": "tea", "quantity": 2, "price": 9000}]}"#
    /// Calls before those that are measured.
    static let warmUp = 100

    private static let source = """
        def receipt(event, context):
            return {"id": event["id"], "total": sum(i["quantity"] * i["price"] for i in event["items"])}

        """

    /// Makes a folder of functions with this one.
    static func write() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swbench.\(UUID().uuidString.prefix(8))")
        let directory = folder.appending(path: name)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data(source.utf8).write(to: directory.appending(path: "app.py"))
        try Data(#"{"\#(name)": {"handler": "\#(handler)", "timeout": 60, "memory": 512}}"#.utf8)
            .write(to: folder.appending(path: "functions.json"))
        return folder
    }

    /// Where Python looks for modules, as the host says it.
    static func searchPath(_ directory: URL) -> String {
        [directory.path, ProcessInfo.processInfo.environment["PYTHONPATH"]].compactMap(\.self).joined(separator: ":")
    }

    /// Runs Python to its end, which comes at once when the task is cancelled.
    ///
    /// - Returns: whether all was well.
    static func run(
        _ arguments: [String],
        in directory: URL? = nil,
        environment: [Environment.Key: String?] = [:]
    ) async throws -> Bool {
        let result = try await Subprocess.run(
            .path("/usr/bin/env"),
            arguments: Arguments(["python3"] + arguments),
            environment: .inherit.updating(environment),
            workingDirectory: directory.map { FilePath($0.path) },
            output: .discarded,
            error: .discarded
        )
        return result.terminationStatus.isSuccess
    }

    static func checkRuntime() async throws {
        guard try await run(["-c", "import awslambdaric"]) else {
            throw BenchFailure(
                "python3 does not know awslambdaric: pip install awslambdaric, in a venv that is on PATH"
            )
        }
    }
}
