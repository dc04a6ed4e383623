import StatesLanguage
import Testing

@Suite("Numbers in definitions")
struct NumberRuleTests {
    private struct Field {
        let name: String
        let definition: @Sendable (String) -> String
        let range: ClosedRange<Int>
    }

    private static let fields: [Field] = [
        Field(
            name: "TimeoutSeconds",
            definition: {
                #"{"StartAt": "A", "TimeoutSeconds": \#($0), "States": {"A": {"Type": "Succeed"}}}"#
            },
            range: 0...99_999_999
        ),
        Field(name: "Seconds", definition: { Text.wait(#""Seconds": \#($0)"#) }, range: 0...99_999_999),
        Field(name: "TimeoutSeconds", definition: { Text.task(#""TimeoutSeconds": \#($0)"#) }, range: 1...99_999_999),
        Field(
            name: "HeartbeatSeconds",
            definition: { Text.task(#""HeartbeatSeconds": \#($0)"#) },
            range: 1...99_999_999
        ),
        Field(name: "IntervalSeconds", definition: { retry("IntervalSeconds", $0) }, range: 0...99_999_999),
        Field(name: "MaxAttempts", definition: { retry("MaxAttempts", $0) }, range: 0...99_999_999),
        Field(name: "MaxDelaySeconds", definition: { retry("MaxDelaySeconds", $0) }, range: 1...31_622_400),
        Field(name: "MaxConcurrency", definition: { Text.map(#""MaxConcurrency": \#($0)"#) }, range: 0...2_147_483_647),
        Field(
            name: "ToleratedFailureCount",
            definition: { Text.map(#""ToleratedFailureCount": \#($0)"#) },
            range: 0...2_147_483_647
        ),
    ]

    @Test(
        "Every whole-number field refuses what is none or out of range",
        arguments: [
            ("-1", -1), ("0", 0), ("1", 1), ("-0", 0), ("99999999", 99_999_999), ("100000000", 100_000_000),
            ("1000000000", 1_000_000_000), ("9223372036854775807", Int.max), ("9223372036854775808", Int.max),
            ("123456789012345678901234567890", Int.max), ("-123456789012345678901234567890", Int.min), ("0.5", nil),
            ("1.0", nil), ("1e300", nil), ("1e9", nil), ("-1e999", nil), ("null", nil), ("\"5\"", nil), ("true", nil),
            ("[5]", nil),
        ] as [(String, Int?)]
    )
    func whole(text: String, value: Int?) {
        for field in Self.fields {
            let message: String?
            if let value {
                message =
                    value < field.range.lowerBound
                    ? "Minimum value is \(field.range.lowerBound)"
                    : value > field.range.upperBound ? "Maximum value is \(field.range.upperBound)" : nil
            } else {
                message = "Expected value of type Integer"
            }
            let definition = Definition(parsing: field.definition(text))
            #expect(definition.diagnostics.map(\.message) == [message].compactMap(\.self), "\(field.name)")
            #expect((definition.machine == nil) == (message != nil), "\(field.name)")
        }
    }

    @Test(
        "BackoffRate is a finite number of at least 1",
        arguments: [
            ("1", nil), ("1.0", nil), ("2.5", nil), ("1e308", nil), ("99999999", nil), ("0", "Minimum value is 1.0"),
            ("-1", "Minimum value is 1.0"), ("0.5", "Minimum value is 1.0"), ("-1e999", "Minimum value is 1.0"),
            ("1e309", "Maximum value is 1.7976931348623157e+308"), ("null", "Expected value of type Double"),
            ("\"5\"", "Expected value of type Double"),
        ] as [(String, String?)]
    )
    func backoffRate(text: String, message: String?) {
        let definition = Definition(parsing: Self.retry("BackoffRate", text))
        #expect(definition.diagnostics.map(\.message) == [message].compactMap(\.self))
    }

    @Test("ToleratedFailurePercentage has decimals", arguments: ["0", "0.5", "100", "1e2"])
    func percentage(text: String) {
        #expect(Definition(parsing: Text.map(#""ToleratedFailurePercentage": \#(text)"#)).lines == [])
    }

    private static func retry(_ field: String, _ value: String) -> String {
        Text.task(#""Retry": [{"ErrorEquals": ["E"], "\#(field)": \#(value)}]"#)
    }
}
