import JSON
import StatesLanguage
import Testing

@Suite("Variables that states read")
struct VariableReferenceTests {
    @Test("Every field counts, in both languages; functions and variables of the expression itself do not")
    func fields() throws {
        let text = #"""
            {"StartAt": "A", "States": {
              "A": {"Type": "Pass", "InputPath": "$in", "Parameters": {"x.$": "States.Format('{}{}', $b.c, $a[0])"},
                    "Assign": {"v": 1, "w.$": "$v"}, "OutputPath": "$out", "Next": "B"},
              "B": {"Type": "Choice", "Choices": [{"Not": {"Variable": "$left", "StringEqualsPath": "$right"},
                    "Assign": {"z.$": "$ruled"}, "Next": "C"}], "Default": "C"},
              "C": {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $items %}", "MaxConcurrency": "{% $most %}",
                    "ItemSelector": {"i": "{% $states.context.Map.Item.Value + $offset %}"},
                    "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "InputPath": "$inner", "End": true}}},
                    "Catch": [{"ErrorEquals": ["E"], "Output": "{% $caught %}", "Next": "D"}],
                    "Output": "{% ($own := $sum($states.result); $own + $outer) %}", "Next": "D"},
              "D": {"Type": "Wait", "SecondsPath": "$seconds", "Next": "E"},
              "E": {"Type": "Fail", "ErrorPath": "$error", "CausePath": "States.Format('{}', $cause)"}
            }}
            """#
        let machine = try #require(Definition(parsing: text).machine)
        #expect(
            machine.variableReferences == [
                "A": ["a", "b", "in", "out", "v"], "B": ["left", "right", "ruled"],
                "C": ["caught", "items", "most", "offset", "outer"], "X": ["inner"], "D": ["seconds"],
                "E": ["cause", "error"],
            ]
        )
    }

    @Test(
        "What AWS lists for recorded definitions",
        .enabled(if: RecordedCases.isAvailable),
        arguments: RecordedCases.names.filter { $0.contains("variable_references") }
    )
    func recorded(name: String) throws {
        let test = try RecordedCases.read(name)
        let definition = try #require(test["machines"]?[0]?["definition"])
        let machine = try #require(Definition(parsing: definition.definitionText).machine)
        let recorded = test["recorded"]?["describe_response"]?["variableReferences"]?.object ?? [:]
        var expected: [String: [String]] = [:]
        for (state, names) in recorded { expected[state] = names.array?.compactMap(\.string).sorted() }
        #expect(machine.variableReferences == expected)
    }
}
