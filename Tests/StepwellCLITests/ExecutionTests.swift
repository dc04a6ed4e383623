import Foundation
import Postgres
import PostgresTestSupport
import ProcessTestSupport
import Testing

/// The life of an execution through the command line, against a server of the tests' own. No worker offers the function.
@Suite("Executions on the command line")
struct ExecutionTests {
    private static let order = """
        {
          "StartAt": "Process",
          "States": {
            "Process": {
              "Type": "Task",
              "Resource": "arn:aws:lambda:us-east-1:123456789012:function:process_order",
              "End": true
            }
          }
        }
        """

    /// A program with a database that has the schema and, deployed, the machine `Order`.
    private func prepared() async throws -> CommandLineProgram {
        let stepwell = try await CommandLineProgram.withDatabase()
        let deployed = try await stepwell("deploy", stepwell.file("Order.asl.json", Self.order))
        #expect(deployed.output == "created Order, revision 1\n")
        #expect(deployed.status == 0)
        return stepwell
    }

    @Test func aDatabaseWithoutSchemaIsReportedWithTheRemedy() async throws {
        let stepwell = try await CommandLineProgram.withDatabase(migrated: false)
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("list")
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("stepwell migrate"))
    }

    @Test func migrateSaysWhatItDidAndDoesItOnce() async throws {
        let stepwell = try await CommandLineProgram.withDatabase(migrated: false)
        defer { stepwell.cleanUp() }
        let dry = try await stepwell("migrate", "--dry-run")
        #expect(dry.output.hasPrefix("would apply 0001_definitions.sql\n"))
        let first = try await stepwell("migrate", "--buckets", "4")
        #expect(first.output == dry.output.replacing("would apply", with: "applied"))
        let second = try await stepwell("migrate", "--json")
        #expect(try second.json["applied"] as? [String] == [])
    }

    @Test func deployingTheSameTextChangesNothing() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let same = try await stepwell("deploy", "Order.asl.json")
        #expect(same.output == "unchanged Order, revision 1\n")
        let changed = try await stepwell("deploy", "-", "--name", "Order", input: Self.order + "\n")
        #expect(changed.output == "updated Order, revision 2\n")
    }

    @Test func anInvalidDefinitionIsNotDeployed() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("deploy", stepwell.file("Order.asl.json", #"{"StartAt": "A", "States": {}}"#))
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("Order.asl.json:1:"))
        #expect(
            outcome.errors.hasSuffix("error: the definition is invalid; nothing was deployed\n   at: Order.asl.json\n")
        )
    }

    @Test func aStartIsIdempotentByName() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let first = try await stepwell("start", "Order", "--name", "1042", "--input", #"{"n": 1}"#)
        #expect(first.output == "arn:aws:states:us-east-1:000000000000:execution:Order:1042\n")
        let second = try await stepwell("start", "Order", "--name", "1042", "--input-file", "-", input: #"{"n": 1}"#)
        #expect(second.output == first.output)
        let other = try await stepwell("start", "Order", "--name", "1042", "--input", #"{"n": 2}"#)
        #expect(other.status == 2)
        #expect(other.errors.contains("another input"))
    }

    @Test(
        arguments: [
            (["start", "Nothing"], "Nothing"), (["start", "Order", "--name", "a b"], "a b"),
            (["start", "Order", "--input", "{\n  \"n\": }"], "--input:2:8"),
            (["describe", "Order:none"], "Order:none"),
            (["history", "nonsense"], "nonsense"), (["stop", "Order:none"], "Order:none"),
            (["list", "--machine", "Nothing"], "Nothing"),
        ]
    )
    func whatIsNotThereIsRefusedByName(arguments: [String], mention: String) async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("error: "))
        #expect(outcome.errors.contains(mention))
    }

    @Test func describeSaysWhyNothingMoves() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("start", "Order", "--name", "1042", "--input", #"{"note": "\u001b]0;주문"}"#)
        let text = try await stepwell("describe", "Order:1042")
        #expect(text.output.contains("status         RUNNING\n"))
        #expect(text.output.contains("no live worker offers process_order"))
        #expect(text.output.contains(#"  "note": "\u001b]0;주문""#))
        #expect(!text.output.contains("\u{1B}"))
        let json = try await stepwell("describe", "Order:1042", "--json").json
        #expect(json["status"] as? String == "RUNNING")
        let steps = try #require(json["steps"] as? [[String: Any]])
        #expect(steps.map { $0["status"] as? String } == ["no worker"])
    }

    @Test func stopEndsTheExecutionForGood() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("start", "Order", "--name", "1042")
        let stopped = try await stepwell("stop", "Order:1042", "--error", "Withdrawn", "--cause", "ordered twice")
        #expect(stopped.status == 0)
        #expect(stopped.output.hasPrefix("stopped at 2"))
        let description = try await stepwell("describe", "Order:1042", "--json").json
        #expect(description["status"] as? String == "ABORTED")
        #expect(description["cause"] as? String == "ordered twice")
        #expect(description["steps"] == nil)
        let again = try await stepwell("stop", "Order:1042")
        #expect(again.output == stopped.output)
        let waited = try await stepwell("start", "Order", "--name", "1042", "--wait")
        #expect(waited.status == 2)
    }

    @Test func historySaysWhyAnExpressExecutionHasNone() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        #expect(try await stepwell("deploy", "Order.asl.json", "--name", "Quick", "--express").status == 0)
        let arn = try #require(
            try await stepwell("start", "Quick", "--json", "--input", "{}").json["executionArn"] as? String
        )
        let history = try await stepwell("history", arn)
        #expect(history.status == 0 && history.output.contains("ExecutionStarted"), "\(history)")
        #expect(history.errors.contains("an express execution keeps only its start"), "\(history)")
        _ = try await stepwell("start", "Order", "--name", "1042", "--input", "{}")
        #expect(try await stepwell("history", "Order:1042").errors == "")
    }

    @Test func historyShowsTheEventsInEitherOrder() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("start", "Order", "--name", "1042")
        _ = try await stepwell("stop", "Order:1042", "--cause", "ordered twice")
        let text = try await stepwell("history", "Order:1042")
        let lines = text.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(
            lines[0].split(separator: " ").map(String.init) == ["ID", "AFTER", "TOOK", "EVENT", "STATE", "DETAILS"]
        )
        #expect(lines[1].contains("ExecutionStarted") && lines[1].hasSuffix("{}"))
        #expect(lines[2].contains("ExecutionAborted") && lines[2].hasSuffix("ordered twice"))
        let json = try await stepwell("history", "Order:1042", "--json", "--reverse").json
        let events = try #require(json["events"] as? [[String: Any]])
        #expect(events.map { $0["id"] as? Int } == [2, 1])
        let last = try await stepwell("history", "Order:1042", "--json", "--reverse", "--limit", "1").json
        #expect((last["events"] as? [Any])?.count == 1)
    }

    @Test func listFiltersAndLimits() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("deploy", "Order.asl.json", "--name", "Other")
        for name in ["a", "b", "c"] { _ = try await stepwell("start", "Order", "--name", name) }
        _ = try await stepwell("start", "Other", "--name", "d")
        _ = try await stepwell("stop", "Order:b")
        func names(_ arguments: String...) async throws -> [String] {
            let page = try await stepwell.run(["list", "--json"] + arguments).json
            return (page["executions"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        }
        #expect(try await names() == ["d", "c", "b", "a"])
        #expect(try await names("--machine", "Order", "--status", "running") == ["c", "a"])
        #expect(try await names("--status", "ABORTED") == ["b"])
        let table = try await stepwell("list", "--limit", "2")
        #expect(table.output.split(separator: "\n").count == 3)
        let token = try #require(table.errors.split(separator: " ").last?.dropLast())
        #expect(table.errors == "there are more: --after \(token)\n")
        #expect(try await names("--limit", "1", "--after", String(token)) == ["b"])
    }
}

extension CommandLineProgram {
    /// A program whose environment names a fresh database.
    static func withDatabase(migrated: Bool = true) async throws -> CommandLineProgram {
        var stepwell = try CommandLineProgram()
        let conninfo = try await TestCluster.shared().createDatabase().conninfo
        stepwell.environment["DATABASE_URL"] = conninfo
        stepwell.environment.merge(TestNetwork.environment(for: conninfo)) { $1 }
        if migrated {
            let outcome = try await stepwell("migrate")
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
        return stepwell
    }
}

extension TestProcess.Outcome {
    /// The output, read as a JSON object.
    var json: [String: Any] {
        get throws {
            try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        }
    }
}
