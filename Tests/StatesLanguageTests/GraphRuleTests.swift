import StatesLanguage
import Testing

@Suite("Rules for how states lead to each other")
struct GraphRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        let definition = Definition(parsing: rule.definition)
        #expect(definition.lines == rule.lines)
        #expect((definition.machine == nil) == definition.hasErrors)
    }

    @Test("A target that is nearly right comes with what was meant")
    func suggestion() {
        let definition = Definition(parsing: states(#""Ship": {"Type": "Pass", "Next": "Notify"}, "Notfy": \#(end)"#))
        #expect(definition.diagnostics.first?.hint == "did you mean 'Notfy'?")
    }

    @Test(
        "Names of states",
        arguments: [
            (String(repeating: "n", count: 80), nil),
            (String(repeating: "주", count: 80), nil),
            (
                String(repeating: "n", count: 81),
                "Invalid State name: State '\(String(repeating: "n", count: 81))' exceeds the 80-character limit "
                    + "allowed by the service"
            ),
            ("", "State name cannot be empty"),
            ("a\\u0000b", "State name contains the character U+0000"),
            ("\\u202Eabc", nil), ("👩‍👩‍👧‍👦", nil), ("__proto__", nil), ("constructor", nil), ("a/b [0] \\\"q\\\"", nil),
        ] as [(String, String?)]
    )
    func names(name: String, message: String?) {
        let definition = Definition(parsing: #"{"StartAt": "\#(name)", "States": {"\#(name)": {"Type": "Succeed"}}}"#)
        #expect(definition.diagnostics.map(\.message) == [message].compactMap(\.self))
        #expect(definition.diagnostics.allSatisfy { $0.code == .invalidStateName })
    }

    @Test("10,000 states in a chain are read in time that grows with their number")
    func manyStates() throws {
        let count = 10_000
        var members = (0..<count).map { #""S\#($0)": {"Type": "Pass", "Next": "S\#($0 + 1)"}"# }
        members.append(#""S\#(count)": {"Type": "Succeed"}"#)
        let definition = Definition(parsing: #"{"StartAt": "S0", "States": {\#(members.joined(separator: ","))}}"#)
        #expect(definition.lines == [])
        #expect(try #require(definition.machine).states.count == count + 1)
    }

    @Test("10,000 states that all lead nowhere give 1,000 diagnostics")
    func manyProblems() {
        let members = (0..<10_000).map { #""S\#($0)": {"Type": "Pass", "Next": "T\#($0)"}"# }
        let definition = Definition(parsing: #"{"StartAt": "S0", "States": {\#(members.joined(separator: ","))}}"#)
        #expect(definition.diagnostics.count == 1_000)
    }

    @Test("Scopes may be 50 deep and no deeper", arguments: [(50, true), (51, false), (80, false)])
    func depth(levels: Int, isAllowed: Bool) {
        for nest in [nestedParallel, nestedMap] {
            let definition = Definition(parsing: nest(levels))
            #expect((definition.machine != nil) == isAllowed)
            #expect(definition.diagnostics.map(\.code) == (isAllowed ? [] : [.tooDeeplyNested]))
        }
    }

    @Test("Scopes nested 1,000 deep are refused as JSON")
    func beyondJSON() {
        #expect(Definition(parsing: nestedParallel(1_000)).diagnostics.map(\.code) == [.invalidJSONDescription])
    }

    private func nestedParallel(_ levels: Int) -> String {
        (0..<levels).reversed()
            .reduce(#"{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}"#) { inner, level in
                #"{"StartAt": "P\#(level)", "States": {"P\#(level)": "#
                    + #"{"Type": "Parallel", "Branches": [\#(inner)], "End": true}}}"#
            }
    }

    private func nestedMap(_ levels: Int) -> String {
        (0..<levels).reversed()
            .reduce(#"{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}"#) { inner, level in
                #"{"StartAt": "M\#(level)", "States": {"M\#(level)": "#
                    + #"{"Type": "Map", "ItemProcessor": \#(inner), "End": true}}}"#
            }
    }

    static let rules: [Rule] = [
        Rule("a loop with a way out", Text.choice(#""Variable": "$.x", "IsPresent": true, "Next": "A""#)),
        Rule(
            "StartAt to nowhere",
            #"{"StartAt": "Not sure", "States": {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Succeed"}}}"#,
            "ERROR MISSING_TRANSITION_TARGET at /StartAt: Missing 'Next' target: Not sure",
            "ERROR MISSING_TRANSITION_TARGET at /States/One: State \"One\" is not reachable."
        ),
        Rule(
            "Next to nowhere",
            states(#""Ship": {"Type": "Pass", "Next": "NOPE"}"#),
            "ERROR MISSING_TRANSITION_TARGET at /States/Ship/Next: Missing 'Next' target: NOPE",
            "ERROR MISSING_END_STATE: Workflow has no terminal state"
        ),
        Rule(
            "rules and Default to nowhere",
            states(
                #""Ship": {"Type": "Choice", "Default": "X", "#
                    + #""Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Y"}]}, "Done": \#(end)"#
            ),
            "ERROR MISSING_TRANSITION_TARGET at /States/Ship/Default: Missing 'Next' target: X",
            "ERROR MISSING_TRANSITION_TARGET at /States/Ship/Choices[0]/Next: Missing 'Next' target: Y",
            "ERROR MISSING_TRANSITION_TARGET at /States/Done: State \"Done\" is not reachable."
        ),
        Rule(
            "catcher to nowhere",
            Text.task(#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]"#),
            "ERROR MISSING_TRANSITION_TARGET at /States/A/Catch[0]/Next: Missing 'Next' target: Z"
        ),
        Rule(
            "no end",
            states(#""Ship": {"Type": "Pass", "Next": "Pack"}, "Pack": {"Type": "Pass", "Next": "Ship"}"#),
            "ERROR MISSING_END_STATE: Workflow has no terminal state"
        ),
        Rule(
            "no end hides what is not reached",
            states(
                #""Ship": {"Type": "Pass", "Next": "Ship"}, "Pack": {"Type": "Pass", "Next": "Ship"}"#
            ),
            "ERROR MISSING_END_STATE: Workflow has no terminal state"
        ),
        Rule(
            "no end in a branch",
            Text.machine(
                #"{"Type": "Parallel", "End": true, "Branches": [\#(Text.branch), "#
                    + #"{"StartAt": "Y", "States": {"Y": {"Type": "Pass", "Next": "Y"}}}]}"#
            ),
            "ERROR MISSING_END_STATE at /States/A/Branches[1]: Workflow has no terminal state"
        ),
        Rule(
            "nothing leads there",
            states(#""Ship": \#(end), "Pack": {"Type": "Pass", "Next": "Ship"}"#),
            "ERROR MISSING_TRANSITION_TARGET at /States/Pack: State \"Pack\" is not reachable."
        ),
        Rule(
            "an island",
            states(
                #""Ship": \#(end), "Pack": {"Type": "Pass", "Next": "Sort"}, "Sort": {"Type": "Pass", "Next": "Pack"}"#
            ),
            "WARNING MISSING_TRANSITION_TARGET at /States/Pack: State \"Pack\" is not reachable from \"Ship\".",
            "WARNING MISSING_TRANSITION_TARGET at /States/Sort: State \"Sort\" is not reachable from \"Ship\"."
        ),
        Rule(
            "a branch can't be left",
            #"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Next": "B", "Branches": ["#
                + #"{"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "B"}}}]}, "B": {"Type": "Succeed"}}}"#,
            "ERROR MISSING_END_STATE at /States/A/Branches[0]: Workflow has no terminal state",
            "ERROR MISSING_TRANSITION_TARGET at /States/A/Branches[0]/States/X/Next: Missing 'Next' target: B"
        ),
        Rule(
            "a name in two scopes",
            #"{"StartAt": "A", "States": {"A": {"Type": "Map", "End": true, "ItemProcessor": "#
                + #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}}}}"#,
            "ERROR DUPLICATE_STATE_NAME at /States/A/ItemProcessor/States/A: Duplicate State name: A"
        ),
        Rule(
            "a name twice in one scope",
            states(#""Ship": {"Type": "Pass", "End": true}, "Ship": {"Type": "Succeed"}"#),
            "ERROR DUPLICATE_STATE_NAME at /States/Ship: Duplicate State name: Ship"
        ),
        Rule(
            "a state called States with a field twice",
            #"{"StartAt": "States", "States": {"States": {"Type": "Pass", "Type": "Succeed"}}}"#,
            "WARNING SCHEMA_VALIDATION_FAILED at /States/States/Type: "
                + "Field 'Type' appears more than once: the last one counts"
        ),
    ]

    private static let end = #"{"Type": "Succeed"}"#
    private var end: String { Self.end }

    private func states(_ members: String) -> String { Self.states(members) }

    private static func states(_ members: String) -> String { #"{"StartAt": "Ship", "States": {\#(members)}}"# }
}
