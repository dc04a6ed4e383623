import Foundation
import JSON
import ProcessTestSupport
import Stepwell
import Store
import Testing

/// Workers forget what is over.
@Suite struct RetentionTests {
    /// Waits until an execution can't be found any more.
    private func waitUntilForgotten(_ execution: String, in database: Database) async throws {
        for _ in 0..<6000 {
            do {
                _ = try await database.store.describe(execution)
            } catch StoreError.executionDoesNotExist {
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(execution) is still there")
    }

    @Test func aWorkerWritesExecutionsDownAndForgetsThem() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "archive-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let database = try await Database(settings: "retention = interval '1 millisecond', archives = true")
        try await database.deploy(#""Work": {"Type": "Pass", "Result": {"a": "Ä"}, "End": true}"#)
        let execution = try await database.start(name: "kept", input: ["id": 7])
        // One without a directory leaves it to the other.
        let others = database.worker { $0.maintenanceInterval = .milliseconds(20) }
        try await database.withWorker(others) {
            #expect(try await database.end(of: execution).summary.status == .succeeded)
            let second = try await database.start(name: "second")
            _ = try await database.end(of: second)
            #expect(try await database.store.describe(execution).summary.status == .succeeded)
        }
        let archivist = database.worker {
            $0.maintenanceInterval = .milliseconds(20)
            $0.archiveDirectory = directory
        }
        try await database.withWorker(archivist) { try await waitUntilForgotten(execution, in: database) }

        var lines: [JSONValue] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
            #expect(file.hasSuffix(".jsonl.gz"))
            for line in try await unzip("\(directory)/\(file)").split(separator: "\n") {
                lines.append(try JSONValue(parsing: String(line)))
            }
        }
        let line = try #require(lines.first { $0["name"]?.string == "kept" })
        #expect(line["executionArn"]?.string == execution)
        #expect(line["status"]?.string == "SUCCEEDED")
        #expect(line["input"]?.string == #"{"id":7}"#)
        #expect(line["output"]?.string == #"{"a":"Ä"}"#)
        #expect(
            line["events"]?.array?.compactMap { $0["type"]?.string } == [
                "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
            ]
        )
    }

    private func unzip(_ path: String) async throws -> String {
        let gzip = try await TestProcess.run(.init(URL(filePath: "/bin/gzip"), ["-dc", path]))
        #expect(gzip.status == 0)
        return gzip.output
    }
}
