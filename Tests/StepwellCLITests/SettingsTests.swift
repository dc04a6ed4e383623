import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell settings")
struct SettingsTests {
    @Test func strictAWSBringsAWSsLimitsAndTakesThemAway() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let wide = try await stepwell("settings")
        #expect(
            wide.output == """
                strict-aws      off
                payload-bytes   16777216
                history-events  5000000
                buckets         8
                region          us-east-1
                account         000000000000

                """
        )
        let strict = try await stepwell("settings", "--strict-aws", "on", "--json")
        #expect(try strict.json["strict-aws"] as? String == "on")
        #expect(try strict.json["payload-bytes"] as? Int == 262_144)
        #expect(try strict.json["history-events"] as? Int == 25_000)

        let refused = try await stepwell("settings", "--payload-bytes", "1000000")
        #expect(refused.status == 2)
        #expect(refused.errors.contains("stepwell settings --strict-aws off"))

        let off = try await stepwell("settings", "--strict-aws", "off", "--payload-bytes", "1000000")
        #expect(off.output.contains("payload-bytes   1000000\nhistory-events  5000000\n"))
        #expect(off.errors.contains("when they start again"))
    }

    @Test func aStartThatIsTooLargeIsRefused() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let definition = #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#
        _ = try await stepwell("deploy", stepwell.file("Large.asl.json", definition))
        let input = stepwell.directory.appending(path: "input.json")
        try Data(("\"" + String(repeating: "x", count: 262_143) + "\"").utf8).write(to: input)
        #expect(try await stepwell("start", "Large", "--input-file", "input.json").status == 0)
        _ = try await stepwell("settings", "--strict-aws", "on")
        let refused = try await stepwell("start", "Large", "--input-file", "input.json")
        #expect(refused.status == 2)
        #expect(refused.errors.contains("the input has 262145 bytes, the limit is 262144"))
    }
}
