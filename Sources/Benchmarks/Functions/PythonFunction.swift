import Foundation

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

    /// Amazon's runtime client, as a function's process.
    static func process(_ arguments: [String], in directory: URL? = nil, environment: [String: String] = [:]) -> Process
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }

    static func checkRuntime() throws {
        let process = process(["-c", "import awslambdaric"])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchFailure(
                "python3 does not know awslambdaric: pip install awslambdaric, in a venv that is on PATH"
            )
        }
    }
}
