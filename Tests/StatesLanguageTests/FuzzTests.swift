import JSON
import StatesLanguage
import Testing

@Suite("Definitions that nobody would write")
struct FuzzTests {
    @Test("Random changes to a definition never do more than give diagnostics", arguments: 0..<40)
    func mutations(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let original = try JSONValue(parsing: Self.definition)
        for _ in 0..<50 {
            var value = original
            for _ in 0...Int.random(in: 0..<4, using: &random) { value = mutated(value, using: &random) }
            let text = value.text
            let definition = Definition(parsing: text, type: Bool.random(using: &random) ? .standard : .express)
            #expect((definition.machine == nil) == definition.hasErrors, "\(text)")
            #expect(definition.diagnostics.count <= 1_000)
            let offsets = (definition.diagnostics + definition.obstacles).compactMap(\.position?.offset)
            #expect(offsets.allSatisfy { $0 < text.utf8.count }, "\(text)")
            for diagnostic in definition.diagnostics.prefix(3) {
                #expect(!diagnostic.render(source: text, file: "f").isEmpty)
            }
        }
    }

    @Test("Text cut anywhere is a syntax error with a place", arguments: 0..<16)
    func truncation(part: Int) {
        let bytes = Array(Self.definition.utf8)
        let text = String(decoding: bytes.prefix(bytes.count * part / 16), as: UTF8.self)
        let codes = Definition(parsing: text).diagnostics.map(\.code)
        #expect(codes == [part == 0 ? .missingDescription : .invalidJSONDescription])
    }

    @Test("Values nested as deep as JSON may be", arguments: ["Result", "Parameters", "Comment", "Retry", "Choices"])
    func depth(field: String) {
        let nested = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        let text = Text.machine(#"{"Type": "Pass", "End": true, "\#(field)": \#(nested)}"#)
        let definition = Definition(parsing: text)
        #expect((definition.machine == nil) == definition.hasErrors)
    }

    /// The value with one place changed: gone, doubled, of another type, or a number nobody expects.
    private func mutated(_ value: JSONValue, using random: inout SplitMix) -> JSONValue {
        switch value {
        case .object(let object) where !object.isEmpty && Int.random(in: 0..<8, using: &random) > 0:
            let index = Int.random(in: 0..<object.count, using: &random)
            var members = object.map { ($0.key, $0.value) }
            switch Int.random(in: 0..<10, using: &random) {
            case 0: members.remove(at: index)
            case 1: members[index].0 = Self.keys.randomElement(using: &random) ?? ""
            case 2: members.append((Self.keys.randomElement(using: &random) ?? "", members[index].1))
            default: members[index].1 = mutated(members[index].1, using: &random)
            }
            return .object(JSONObject(members))
        case .array(let array) where !array.isEmpty && Int.random(in: 0..<8, using: &random) > 0:
            var array = array
            let index = Int.random(in: 0..<array.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: array.remove(at: index)
            case 1: array.append(array[index])
            default: array[index] = mutated(array[index], using: &random)
            }
            return .array(array)
        default: return Self.values.randomElement(using: &random) ?? .null
        }
    }

    private static let keys = [
        "", "Type", "Next", "End", "States", "StartAt", "Branches", "Iterator", "QueryLanguage", "a.$", "Not", "And",
        "IsNull", "Output", "Catch", "Retry", "Seconds", "SecondsPath", "TimeoutSeconds", "\u{0}", "__proto__",
    ]

    private static let values: [JSONValue] =
        [0.5, 1e300].compactMap(JSONNumber.init).map(JSONValue.number) + [
            .null, true, false, 0, -1, 99_999_999, "", "$", "$$",
            "$.a", "$[", "$..*", "$v", "States.UUID()", "States.Format('{}', $", "JSONata", "Pass", "Map",
            "DISTRIBUTED",
            "A", "\u{202E}", "{% $x %}", [], [[]], ["States.ALL"], [1], .object([:]), ["a": ["b.$": "x"]],
            "arn:aws:states:::states:startExecution.sync:2", "arn:aws:states:::aws-sdk::", "2024-02-30T00:00:00Z",
        ]

    private static let definition = #"""
        {"Comment": "c", "StartAt": "A", "TimeoutSeconds": 10, "Version": "1.0", "QueryLanguage": "JSONPath", "States": {
          "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "TimeoutSeconds": 9, "HeartbeatSeconds": 3,
                "InputPath": "$.a", "Parameters": {"x.$": "$.y", "z": [1]}, "ResultSelector": {"r.$": "$"},
                "ResultPath": "$.b.c", "OutputPath": "$", "Assign": {"v": 1}, "Next": "B",
                "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2,
                           "MaxDelaySeconds": 5, "JitterStrategy": "FULL"}, {"ErrorEquals": ["States.ALL"]}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "F", "Assign": {"e.$": "$"}}]},
          "B": {"Type": "Choice", "Choices": [
                  {"And": [{"Variable": "$.x", "NumericLessThan": 3}, {"Not": {"Variable": "$.y", "IsPresent": true}}],
                   "Next": "C"},
                  {"Variable": "$v", "TimestampEquals": "2024-01-01T00:00:00Z", "Next": "D"}], "Default": "E"},
          "C": {"Type": "Parallel", "Next": "D", "Branches": [
                  {"StartAt": "C1", "States": {"C1": {"Type": "Wait", "SecondsPath": "$.s", "End": true}}},
                  {"StartAt": "C2", "States": {"C2": {"Type": "Pass", "Result": {"k": null}, "End": true}}}]},
          "D": {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"i.$": "$$.Map.Item.Value"},
                "MaxConcurrency": 3, "Label": "l", "Next": "E", "ItemProcessor": {
                  "ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "D1", "States": {
                    "D1": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": true}}}},
          "E": {"Type": "Succeed"},
          "F": {"Type": "Fail", "Error": "E", "CausePath": "States.Format('{}', $.c)"}
        }}
        """#
}

/// A small seeded generator: the same seed gives the same definitions.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
