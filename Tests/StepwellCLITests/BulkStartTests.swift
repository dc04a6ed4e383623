import Foundation
import ProcessTestSupport
import Testing

@Suite("Starting thousands on the command line")
struct BulkStartTests {
    private func prepared() async throws -> CommandLineProgram {
        let stepwell = try await CommandLineProgram.withDatabase()
        let definition = #"""
            {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": true,
                "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work"}}}
            """#
        _ = try await stepwell("deploy", stepwell.file("Order.asl.json", definition))
        return stepwell
    }

    private func start(_ stepwell: CommandLineProgram, _ arguments: String..., input: String = "") async throws
        -> TestProcess.Outcome
    {
        try await stepwell.run(["start", "Order", "--lines"] + arguments, input: input)
    }

    @Test func everyLineIsStartedOnceHoweverOftenItIsRead() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let long = String(repeating: "x", count: 2000)
        let lines = (0..<1200).map { #"{"id": \#($0), "note": "\#($0 % 100 == 0 ? long : "")"}"# }
        // As if the first run had been interrupted.
        let part = lines.prefix(700).joined(separator: "\n")
        let first = try await start(stepwell, "-", "--name", "order-{id}", input: part)
        #expect(first.output == "started 700\n" && first.errors == "" && first.status == 0)
        // What has ended, of a short and of a long input, counts as started.
        for name in ["order-1", "order-100"] { _ = try await stepwell("stop", "Order:\(name)") }
        let file = try stepwell.file("orders.jsonl", lines.joined(separator: "\r\n") + "\n\n")
        let second = try await start(stepwell, file, "--name", "order-{id}")
        #expect(second.output == "started 500, 700 were there already\n" && second.status == 0)
        let third = try await start(stepwell, file, "--name", "order-{id}", "--json").json
        #expect(third["started"] as? Int == 0 && third["existing"] as? Int == 1200)
        #expect(try await stepwell("queue", "--json").json["openExecutions"] as? Int == 1198)
        let described = try await stepwell("describe", "Order:order-100", "--json").json
        #expect(described["input"] as? String == lines[100])
    }

    @Test func badLinesAreNamedByNumberAndKeepNoOtherBack() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("settings", "--payload-bytes", "1024")
        let lines = [
            #"{"id": "a"}"#, "{", #"{"other": 1}"#, #"{"id": "not a name"}"#, "", #"{"id": {"n": 1}}"#,
            #"{"id": "long", "x": "\#(String(repeating: "x", count: 200_000))"}"#, #"{"id": "b"}"#,
            #"{"id": "a", "n": 2}"#, #"{"id": "a"}"#,
        ]
        let file = try stepwell.file("orders.jsonl", lines.joined(separator: "\n"))
        let outcome = try await start(stepwell, file, "--name", "{id}")
        #expect(outcome.status == 1)
        #expect(outcome.output == "started 2, 1 were there already, 6 refused\n")
        let errors = outcome.errors.split(separator: "\n").sorted()
        #expect(errors.count == 6)
        for (error, expected) in zip(
            errors,
            [
                "orders.jsonl:2: the line is not JSON", "orders.jsonl:3: the input has no 'id'",
                "orders.jsonl:4: ", "orders.jsonl:6: 'id' is neither text nor a number",
                "orders.jsonl:7: the line is longer", "orders.jsonl:9: execution 'a' is there with another input",
            ]
        ) {
            #expect(error.hasPrefix("error: \(expected)"), "\(error)")
        }
    }

    @Test func namesComeFromWhatTheInputSays() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let input = #"{"c": {"id": "x"}, "items": [{"sku": 7}]}"#
        _ = try await start(stepwell, "-", "--name", "{c.id}-{items.0.sku}-{#}", input: input)
        #expect(try await stepwell("describe", "Order:x-7-1").status == 0)
        for name in [nil, "order", "{", "{}", "a{b", "a}{b}", "{b}}"] {
            let arguments = ["start", "Order", "--lines", "-"] + (name.map { ["--name", $0] } ?? [])
            #expect(try await stepwell.run(arguments).status == 64, "\(name ?? "no name")")
        }
        #expect(try await start(stepwell, "none.jsonl", "--name", "{id}").status == 2)
        let unknown = try await stepwell.run(["start", "None", "--lines", "-", "--name", "{#}"], input: "1\n2\n")
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("started 0; run the same again to go on") && unknown.errors.contains("None"))
    }

    @Test func aBarIsDrawnOnTerminalsOnly() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let lines = (0..<1500).map { "\($0)" }.joined(separator: "\n")
        let file = try stepwell.file("numbers.jsonl", lines)
        let command = try "\(URL.built("stepwell").path) start Order --lines \(file) --name 'n-{#}'"
        let terminal = try await TestProcess.run(
            TestProcess.Program(
                URL(fileURLWithPath: "/usr/bin/script"),
                ["-qec", command, "/dev/null"],
                environment: stepwell.environment.merging(["TERM": "xterm"]) { $1 },
                directory: stepwell.directory
            )
        )
        #expect(terminal.status == 0, "\(terminal.errors)")
        #expect(terminal.output.contains("\r["), "\(terminal.output)")
        #expect(terminal.output.hasSuffix("\u{1B}[Kstarted 1500\r\n"), "\(terminal.output)")
    }
}
