import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell functions")
struct FunctionsTests {
    private static func folder(_ stepwell: CommandLineProgram) throws {
        let charge = stepwell.directory.appending(path: "functions/charge")
        try FileManager.default.createDirectory(at: charge, withIntermediateDirectories: true)
        let bootstrap = charge.appending(path: "bootstrap")
        try Data("#!/bin/sh\nexec sleep 600\n".utf8).write(to: bootstrap)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: bootstrap.path)
        _ = try stepwell.file("functions/functions.json", #"{"charge": {"timeout": 30}}"#)
    }

    @Test func versionsAndAliases() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        try Self.folder(stepwell)
        let first = try await stepwell("functions", "publish", "charge", "--functions", "functions")
        #expect(first.output == "charge:1\n", "\(first.errors)")
        #expect(first.errors == "workers that are started on functions offer it\n")
        let place = stepwell.directory.appending(path: "functions/functions.versions/charge/1/charge/bootstrap").path
        #expect(FileManager.default.isExecutableFile(atPath: place))
        let again = try await stepwell("functions", "publish", "charge", "--functions", "functions")
        #expect(again.output == "charge:1\n", "\(again.errors)")
        _ = try stepwell.file("functions/charge/more", "x")
        let second = try await stepwell(
            "functions",
            "publish",
            "charge",
            "--functions",
            "functions",
            "--description",
            "more",
            "--json"
        )
        #expect(second.output.contains(#""Version": "2""#), "\(second.output) \(second.errors)")
        let versions = try await stepwell("functions", "versions", "charge")
        let lines = versions.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.map(\.first) == ["VERSION", "1", "2"] && lines[2].last == "more", "\(versions.output)")

        let put = try await stepwell(
            "functions",
            "alias",
            "put",
            "charge",
            "live",
            "--version",
            "1",
            "--other",
            "2",
            "--weight",
            "0.1"
        )
        let table = """
            ALIAS  VERSION  OTHER  WEIGHT  DESCRIPTION
            live   1        2      0.1

            """
        #expect(Self.trimmed(put.output) == table, "\(put.output) \(put.errors)")
        let list = try await stepwell("functions", "alias", "list", "charge")
        #expect(Self.trimmed(list.output) == table, "\(list.output) \(list.errors)")
        let json = try await stepwell("functions", "alias", "list", "charge", "--json")
        #expect(json.output.contains(#""AdditionalVersionWeights": {"#), "\(json.output)")
        #expect(try await stepwell("functions", "alias", "delete", "charge", "live").status == 0)
        #expect(try await stepwell("functions", "alias", "list", "charge").errors == "it has no alias\n")
    }

    private static func trimmed(_ text: String) -> String { text.replacing(#/ +\n/#, with: "\n") }

    @Test(arguments: [
        (["publish", "nobody", "--functions", "functions"], "there is no function named nobody"),
        (["publish", "charge"], "No folder of functions is named."),
        (["alias", "put", "charge", "live", "--version", "7"], "'charge' has no version 7"),
        (["alias", "put", "charge", "7", "--version", "$LATEST"], "and is no number"),
        (["alias", "delete", "charge", "live"], "'charge' has no alias 'live'"),
        (["put", "charge", "--fair-key", "tenant"], "the fair key is \"tenant\""),
        (["put", "charge", "--priority", "$[*]"], "expected a path to one place in the event, such as $.tenant"),
    ])
    func whatMakesNoSenseIsRefused(arguments: [String], message: String) async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        try Self.folder(stepwell)
        let outcome = try await stepwell.run(["functions"] + arguments)
        #expect(outcome.status == 2 && outcome.errors.contains(message), "\(outcome.errors)")
        let left =
            (try? FileManager.default.contentsOfDirectory(
                atPath: stepwell.directory.appending(path: "functions/functions.versions/charge").path
            )) ?? []
        #expect(left.isEmpty)
    }

    @Test func turnsAndPriorities() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let put = try await stepwell(
            "functions",
            "put",
            "charge",
            "--fair-key",
            "$.tenant",
            "--priority",
            "$.urgency",
            "--json"
        )
        #expect(put.output.contains(#""FairKey": "$.tenant""#) && put.output.contains(#""Priority": "$.urgency""#))
        let list = try await stepwell("functions", "put", "charge", "--priority", "none")
        let line = try #require(list.output.split(separator: "\n").last).split(separator: " ")
        #expect(line.suffix(2) == ["$.tenant", "-"], "\(list.output)")
    }
}
