import Foundation
import JSON
import ProcessTestSupport
import Testing

/// Every bench, with next to nothing to do: that it runs and says what it should, not how fast anything is.
@Suite("Benches", .serialized)
struct BenchTests {
    private func run(_ arguments: String..., pythonPath: String? = nil) async throws -> JSONValue {
        var environment = ProcessInfo.processInfo.environment
        if let pythonPath { environment["PYTHONPATH"] = pythonPath }
        let bench = try await TestProcess.run(
            .init(.built("stepwell-bench"), arguments + ["--json"], environment: environment)
        )
        #expect(bench.status == 0, "\(bench.errors)")
        return try JSONValue(parsing: bench.output)
    }

    private func isPositive(_ value: JSONValue?) -> Bool { (value?.number?.double ?? 0) > 0 }

    @Test(arguments: ["drain", "chain"])
    func throughput(command: String) async throws {
        let report = try await run(command, "--executions", "200", "--rounds", "1")
        let rows = try #require(report["rows"]?.array)
        #expect(rows.map { $0["round"]?.string } == ["1 engine", "1 same rows", "1 bare bound", "median engine"])
        for row in rows { #expect(isPositive(row["executions/s"]) && isPositive(row["WAL bytes"])) }
        #expect(isPositive(rows[0]["÷ same rows"]) && isPositive(rows[0]["÷ bare bound"]))
    }

    @Test func express() async throws {
        let report = try await run("express", "--executions", "200", "--rounds", "1")
        let rows = try #require(report["rows"]?.array)
        #expect(rows.map { $0["round"]?.string } == ["1 standard", "1 express", "median"])
        for row in rows.dropLast() { #expect(isPositive(row["executions/s"])) }
        #expect(isPositive(rows[2]["÷ standard"]))
    }

    @Test func fanout() async throws {
        let report = try await run("fanout", "--executions", "20", "--items", "50")
        #expect(report["rows"]?.array?.count == 2)
        #expect(report["rows"]?.array?.allSatisfy { isPositive($0["tasks/s"]) } == true)
    }

    @Test func mapRun() async throws {
        let report = try await run("map-run", "--items", "300")
        let row = try #require(report["rows"]?.array?.first)
        #expect(isPositive(row["items/s"]) && isPositive(row["MB at most"]) && isPositive(row["updates of map_runs"]))
    }

    @Test func latency() async throws {
        let report = try await run("latency", "--executions", "5")
        #expect(report["rows"]?.array?.count == 8)
        #expect(report["rows"]?.array?.allSatisfy { isPositive($0["p99"]) } == true)
    }

    @Test func scale() async throws {
        let report = try await run(
            "scale",
            "--executions",
            "50",
            "--stored",
            "100",
            "--stored",
            "150",
            "--sleepers",
            "200",
            "--snapshot-seconds",
            "0"
        )
        #expect(report["rows"]?.array?.count == 5)
    }

    @Test func history() async throws {
        let report = try await run(
            "history",
            "--executions",
            "4",
            "--events",
            "10",
            "--events",
            "60",
            "--events",
            "200"
        )
        let rows = try #require(report["rows"]?.array)
        #expect(rows.map { $0["events of each"]?.string } == ["10 to 60", "60 to 200"])
        #expect(rows.allSatisfy { isPositive($0["Tasks/s"]) && isPositive($0["WAL bytes"]) })
    }

    @Test func api() async throws {
        let report = try await run(
            "api",
            "--clients",
            "4",
            "--seconds",
            "1",
            "--rounds",
            "1",
            "--sequential",
            "20",
            "--waiting",
            "20",
            "--memory-at",
            "100"
        )
        let rows = try #require(report["rows"]?.array)
        #expect(
            rows.map { $0["what"]?.string } == [
                "INSERT + COMMIT", "StartExecution", "StartExecution", "GetActivityTask after a start",
                "after 100 mixed requests",
            ]
        )
        #expect(isPositive(rows[1]["÷ INSERT"]) && isPositive(rows[2]["requests/s"]) && isPositive(rows[3]["p50 ms"]))
    }

    /// With a few lines in the place of Amazon's runtime client, which tests do without.
    @Test func functions() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swbt.\(UUID().uuidString.prefix(8))")
        let module = folder.appending(path: "awslambdaric")
        try FileManager.default.createDirectory(at: module, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data().write(to: module.appending(path: "__init__.py"))
        let client = """
            import http.client, importlib, json, os, sys
            module, name = sys.argv[1].split(".")
            handler = getattr(importlib.import_module(module), name)
            api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
            base = "/2018-06-01/runtime/invocation/"
            while True:
                api.request("GET", base + "next")
                call = api.getresponse()
                reply = json.dumps(handler(json.loads(call.read()), None))
                api.request("POST", base + call.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", reply)
                api.getresponse().read()

            """
        try Data(client.utf8).write(to: module.appending(path: "__main__.py"))
        let report = try await run("functions", "--calls", "20", "--rounds", "2", pythonPath: folder.path)
        let rows = try #require(report["rows"]?.array)
        #expect(rows.map { $0["round"]?.string } == ["1", "2", "median"])
        for row in rows {
            for column in ["floor µs", "host µs", "÷ floor", "execution µs", "execution ÷ floor"] {
                #expect(isPositive(row[column]), "\(column)")
            }
        }
    }

    @Test func memory() async throws {
        let report = try await run("memory")
        #expect(report["rows"]?.array?.allSatisfy { isPositive($0["µs each"]) } == true)
    }
}
