import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell validate")
struct ValidateTests {
    private static let broken = """
        {
          "StartAt": "접수",
          "States": {
            "접수": {"Type": "Pass", "Next": "Shipp"},
            "Ship": {"Type": "Succeed"}
          }
        }
        """

    private static let valid = #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#

    @Test func printsEachProblemWithItsLineAndACaret() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("validate", stepwell.file("order.asl.json", Self.broken))
        #expect(outcome.status == 1)
        #expect(outcome.errors == "")
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let place = try #require(lines.firstIndex { $0.hasPrefix("order.asl.json:4:28: error: Missing 'Next' target") })
        #expect(lines[place + 1] == #"    "접수": {"Type": "Pass", "Next": "Shipp"},"#)
        #expect(lines[place + 2] == String(repeating: " ", count: 29) + "^")
        #expect(outcome.output.hasSuffix("order.asl.json: invalid, 2 errors\n"))
    }

    @Test func saysThatAFileIsValid() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("validate", stepwell.file("a.json", Self.valid))
        #expect(outcome.status == 0)
        #expect(outcome.output == "a.json: valid\n")
    }

    @Test func readsStandardInput() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("validate", "-", input: "{\n  \"StartAt\": }")
        #expect(outcome.status == 1)
        #expect(outcome.output.hasPrefix("<stdin>:2:14: error: "))
    }

    @Test func checksEveryFileBeforeItFails() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let files = [try stepwell.file("bad.json", Self.broken), try stepwell.file("good.json", Self.valid)]
        let outcome = try await stepwell.run(["validate"] + files)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("bad.json: invalid"))
        #expect(outcome.output.contains("good.json: valid"))
    }

    @Test func answersJSONForPrograms() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("validate", "--json", stepwell.file("order.asl.json", Self.broken))
        #expect(outcome.status == 1)
        let answer = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
        #expect(answer[0]["result"] as? String == "FAIL")
        let diagnostics = try #require(answer[0]["diagnostics"] as? [[String: Any]])
        #expect(
            diagnostics.contains { $0["code"] as? String == "MISSING_TRANSITION_TARGET" && $0["line"] as? Int == 4 }
        )
    }

    @Test func showsNoControlCharactersOfTheFile() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let text = #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "\u001b[31mred\u202e"}}}"#
        for arguments in [["validate"], ["validate", "--json"]] {
            let outcome = try await stepwell.run(arguments + [stepwell.file("a.json", text)])
            #expect(outcome.status == 1)
            #expect(!outcome.output.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
            #expect(outcome.output.contains("[31mred"))
        }
    }

    @Test(
        arguments: [
            ("missing.json", "there is no such file"), (".", "the file can't be read"),
            ("latin1.json", "the file is not UTF-8 text"),
        ]
    )
    func refusesWhatItCannotRead(file: String, reason: String) async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        try Data([0x7B, 0xE9, 0x7D]).write(to: stepwell.directory.appending(path: "latin1.json"))
        let outcome = try await stepwell("validate", file)
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(outcome.errors == "error: \(reason)\n   at: \(file)\n")
    }
}
