import Expressions
import JSON
import StatesLanguage
import Testing

@Suite("Rules for Wait, Succeed and Fail")
struct WaitAndFailRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test(
        "Timestamps that no calendar or RFC 3339 has",
        arguments: [
            "2016-13-05T21:29:29Z", "2024-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999999-01-01T00:00:00Z",
            "2024-01-01T00:00:00", "2024-01-01T00:00:00z", "2024-01-01t00:00:00Z", "2016-12-31T23:59:60Z", "2024-01-01",
            "2024-01-01T24:00:00Z", "2024-01-01 00:00:00Z", "now", "",
        ]
    )
    func timestamps(text: String) {
        #expect(
            Definition(parsing: Text.wait(#""Timestamp": "\#(text)""#)).lines == [
                "ERROR SCHEMA_VALIDATION_FAILED at /States/A/Timestamp: String does not match RFC3339 timestamp"
            ]
        )
    }

    @Test("The four forms of Wait")
    func forms() throws {
        func wait(_ fields: String) throws -> WaitState {
            let kind = Definition(parsing: Text.wait(fields)).machine?.states["A"]?.kind
            guard case .wait(let wait) = kind else { throw Missing() }
            return wait
        }
        guard case .seconds(0) = try wait(#""Seconds": 0"#),
            case .seconds(99_999_999) = try wait(#""Seconds": 99999999"#),
            case .secondsPath(let seconds) = try wait(#""SecondsPath": "$.a""#),
            case .timestamp(let timestamp) = try wait(#""Timestamp": "1970-01-01T09:00:01+09:00""#),
            case .timestampPath(let path) = try wait(#""TimestampPath": "$$.Execution.StartTime""#)
        else { throw Missing() }
        #expect(seconds.text == "$.a")
        #expect(timestamp.microseconds == 1_000_000)
        #expect(path.root == .context)
    }

    @Test("What a Fail says")
    func failure() throws {
        let text = Text.fail(#""Error": "Mine", "CausePath": "States.Format('{}', $.a)""#)
        guard case .fail(let fail) = Definition(parsing: text).machine?.states["A"]?.kind,
            case .expression(let cause) = fail.cause
        else { throw Missing() }
        #expect(fail.error == .constant("Mine"))
        #expect(cause.intrinsic == "States.Format")
    }

    private struct Missing: Error {}

    private static let forms =
        "[SecondsPath, Seconds, TimestampPath, Timestamp]"

    static let rules: [Rule] = [
        .schema(
            "no form of Wait",
            Text.machine(#"{"Type": "Wait", "End": true}"#),
            at: "/States/A",
            "This object should have only one of the following fields: \(forms)"
        ),
        .schema(
            "two forms of Wait",
            Text.wait(#""Seconds": 1, "TimestampPath": "$.a""#),
            at: "/States/A",
            "There should only be one of the following fields: \(forms)"
        ),
        .schema(
            "Seconds type",
            Text.wait(#""Seconds": "$.a""#),
            at: "/States/A/Seconds",
            "Expected value of type Integer"
        ),
        .schema(
            "Seconds too long",
            Text.wait(#""Seconds": 10000000000000000"#),
            at: "/States/A/Seconds",
            "Maximum value is 99999999"
        ),
        .schema(
            "SecondsPath",
            Text.wait(#""SecondsPath": "$.a[?(@.b)]""#),
            at: "/States/A/SecondsPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "Timestamp type",
            Text.wait(#""Timestamp": 0"#),
            at: "/States/A/Timestamp",
            "Expected value of type String"
        ),
        .schema(
            "TimestampPath",
            Text.wait(#""TimestampPath": "a""#),
            at: "/States/A/TimestampPath",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        .schema(
            "Succeed with Next",
            Text.machine(#"{"Type": "Succeed", "Next": "A"}"#),
            at: "/States/A",
            "Field 'Next' is not supported"
        ),
        .schema(
            "Fail with End",
            Text.fail(#""End": true"#),
            at: "/States/A",
            "Field 'End' is not supported"
        ),
        .schema(
            "two errors",
            Text.fail(#""Error": "E", "ErrorPath": "$.e""#),
            at: "/States/A",
            "There should only be one of the following fields: [Error, ErrorPath]"
        ),
        .schema(
            "two causes",
            Text.fail(#""CausePath": "$.c", "Cause": "C""#),
            at: "/States/A",
            "There should only be one of the following fields: [Cause, CausePath]"
        ),
        .schema("Error type", Text.fail(#""Error": 1"#), at: "/States/A/Error", "Expected value of type String"),
        .schema(
            "ErrorPath",
            Text.fail(#""ErrorPath": "e""#),
            at: "/States/A/ErrorPath",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        .schema(
            "an intrinsic that gives no string",
            Text.fail(#""CausePath": "States.Array(1, 2)""#),
            at: "/States/A/CausePath",
            "Only intrinsic functions that return a string are allowed"
        ),
        .schema(
            "an intrinsic that is none",
            Text.fail(#""CausePath": "States.Formatted('x')""#),
            at: "/States/A/CausePath",
            "The value for the field 'CausePath' must be a valid JSONPath or a valid intrinsic function call"
        ),
        Rule("Fail without anything", Text.fail("")),
    ]
}
