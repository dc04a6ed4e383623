import Foundation
import ProcessTestSupport
import Testing

/// Definitions in YAML, and what tells a file from what is deployed.
@Suite("Definition files on the command line")
struct DefinitionFileTests {
    private static let yaml = """
        # Charges what was ordered.
        StartAt: Charge
        TimeoutSeconds: 600
        States:
          Charge:
            Type: Task
            Resource: arn:aws:lambda:us-east-1:000000000000:function:charge
            Retry:
              - &retry { ErrorEquals: [States.Timeout], MaxAttempts: 3, BackoffRate: 1.50 }
            Next: Answer
          Answer:
            Type: Pass
            Result:
              paid: yes
              on: 2026-11-28
              count: 3
              text: '3'
              nothing: ~
              isTrue: true
              shared: *retry
            End: true

        """

    private static let json = """
        {"StartAt": "Charge", "TimeoutSeconds": 600, "States": {
          "Charge": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:charge",
            "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 3, "BackoffRate": 1.50}], "Next": "Answer"},
          "Answer": {"Type": "Pass", "End": true, "Result": {"paid": "yes", "on": "2026-11-28", "count": 3, "text": "3",
            "nothing": null, "isTrue": true,
            "shared": {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 3, "BackoffRate": 1.50}}}}}
        """

    @Test func yamlIsDeployedAsTheJSONThatItSays() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let deployed = try await stepwell("deploy", stepwell.file("Order.asl.yaml", Self.yaml))
        #expect(deployed.output == "created Order, revision 1\n", "\(deployed.errors)")
        let same = try await stepwell("diff", stepwell.file("Order.asl.json", Self.json))
        #expect(same.output == "" && same.status == 0)
        #expect(try await stepwell("deploy", "Order.asl.yaml").output == "unchanged Order, revision 1\n")
    }

    @Test func faultsAreShownAtTheirPlaceInTheYAML() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let wrong = Self.yaml.replacing("Next: Answer", with: "Next: Anser")
        let outcome = try await stepwell("validate", stepwell.file("Order.yml", wrong))
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("Order.yml:10:"), "\(outcome.output)")
        #expect(outcome.output.contains("\n    Next: Anser\n"), "\(outcome.output)")
        let json = try await stepwell("validate", "Order.yml", "--json").output
        #expect(json.contains(#""line": 10"#))
    }

    @Test(
        arguments: [
            ("a: [", "not YAML"), ("a: 1\na: 2", "not YAML"), ("", "empty"), ("a: !Sub x", "!Sub"),
            ("{[a]: b}", "no plain text"), ("a: *none", "not YAML"), (String(repeating: "[", count: 999), "not YAML"),
            (String(repeating: "[", count: 600) + String(repeating: "]", count: 600), "deeper"),
            (String(repeating: "[", count: 200_000), "not YAML"),
        ]
    )
    func whatIsNoDefinitionIsRefusedWithItsPlace(text: String, reason: String) async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("validate", stepwell.file("Bad.yaml", text))
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(outcome.errors.contains("Bad.yaml"))
    }

    /// Nine aliases of nine aliases of …: a billion, were they all followed.
    private static func bomb(levels: Int, key: Bool) -> String {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        for level in 1..<levels {
            let aliases = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            lines.append("a\(level): &a\(level) [\(aliases)]")
        }
        if key { lines.append("? [*a\(levels - 1)]\n: 1") }
        return lines.joined(separator: "\n")
    }

    @Test(.timeLimit(.minutes(1)), arguments: [(9, false), (9, true), (40, false)])
    func aliasBombsAreRefused(levels: Int, key: Bool) async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("validate", stepwell.file("Bomb.yaml", Self.bomb(levels: levels, key: key)))
        #expect(outcome.status == 1)
        let isCounted = key || levels > 20
        #expect(outcome.errors.contains(isCounted ? "aliases (*name)" : "bytes as JSON"), "\(outcome.errors)")
    }

    @Test func diffNamesEveryPlaceThatDiffers() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let file = try stepwell.file("Order.asl.json", Self.json)
        let missing = try await stepwell("diff", file)
        #expect(missing.output == "Order is not deployed\n" && missing.status == 1)
        _ = try await stepwell("deploy", file)
        let other = Self.json.replacing("600", with: "300").replacing(#""count": 3, "#, with: "")
            .replacing(#""paid": "yes""#, with: #""a/b": "\u001b[2J""#)
        let outcome = try await stepwell("diff", stepwell.file("other.json", other), "--name", "Order")
        #expect(outcome.status == 1)
        #expect(
            outcome.output == #"""
                - /TimeoutSeconds: 600
                + /TimeoutSeconds: 300
                - /States/Answer/Result/paid: "yes"
                - /States/Answer/Result/count: 3
                + /States/Answer/Result/a~1b: "\u001b[2J"

                """#
        )
        let json = try await stepwell("diff", "other.json", "--name", "Order", "--json")
        #expect(json.status == 1)
        let changes = try #require(try json.json["changes"] as? [[String: Any]])
        #expect(changes.map { $0["path"] as? String }.first == "/TimeoutSeconds")
        #expect(changes.map { $0["to"] as? Int }.first == 300)
        #expect(changes.count == 4)
        #expect(try await stepwell("diff", stepwell.file("broken.json", "{"), "--name", "Order").status == 2)
    }
}
