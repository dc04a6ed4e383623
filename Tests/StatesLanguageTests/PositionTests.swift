import StatesLanguage
import Testing

@Suite("Where diagnostics are")
struct PositionTests {
    @Test("A diagnostic points at the key, or at the element of an array")
    func places() {
        let text = """
            {
              "StartAt": "주문",
              "States": {
                "주문": {"Type": "Wait", "Seconds": -1, "Next": "Nowhere"},
            \t"B\\u0042": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "End": true,
                  "Retry": [{"ErrorEquals": ["E"]},
                            {"ErrorEquals": [1, "F"]}]}
              }
            }
            """
        let places = Definition(parsing: text).diagnostics
            .map { diagnostic in
                "\(diagnostic.location) \(diagnostic.position?.line ?? 0):\(diagnostic.position?.column ?? 0)"
            }
        #expect(
            places == [
                "/States/주문/Seconds 4:28", "/States/주문/Next 4:43", "/States/BB 5:2",
                "/States/BB/Retry[1]/ErrorEquals[0] 7:34",
            ]
        )
    }

    @Test("A fault inside a template points at its own key, though AWS's location is the template")
    func template() throws {
        let text = #"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Parameters":{"x":[{"y.$":"z"}]}}}}"#
        let diagnostic = try #require(Definition(parsing: text).diagnostics.first)
        #expect(diagnostic.location == "/States/A/Parameters")
        let offset = try #require(diagnostic.position?.offset)
        #expect(text.dropFirst(offset).hasPrefix(#""y.$""#))
    }

    @Test("Something missing points at what it is missing from")
    func missing() throws {
        let text = "\n  {\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Task\", \"End\": true}}}"
        #expect(Definition(parsing: text).diagnostics.map(\.position?.column) == [31])
        #expect(
            Definition(parsing: "\n  {}").diagnostics.map(\.position) == [SourcePosition(offset: 3, line: 2, column: 3)]
        )
    }

    @Test("Of equal keys, the repetition is pointed at, and the last one is what counts")
    func duplicates() {
        let text = #"{"StartAt":"A","States":{"A":{"Type":"Succeed","Comment":1,"Comment":"c","Com\u006dent":2}}}"#
        let found = Definition(parsing: text).diagnostics.map { "\($0.severity) \($0.position?.column ?? 0)" }
        #expect(found == ["warning 60", "error 74", "warning 74"])
    }

    @Test("Repetitions inside branches and arrays")
    func nestedDuplicates() {
        let text = #"""
            {"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
              {"StartAt": "X", "States": {"X": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Y",
                "States": {"Y": {"Type": "Pass", "End": true}, "Y": {"Type": "Succeed"}}}}}},
              {"StartAt": "Z", "States": {"Z": {"Type": "Pass", "Result": [[{"k": 1, "k": 2}]], "End": true}}}
            ]}}}
            """#
        let found = Definition(parsing: text).diagnostics.map { "\($0.code.rawValue) \($0.location)" }
        #expect(
            found == [
                "DUPLICATE_STATE_NAME /States/A/Branches[0]/States/X/ItemProcessor/States/Y",
                "SCHEMA_VALIDATION_FAILED /States/A/Branches[1]/States/Z/Result[0][0]/k",
            ]
        )
    }

    @Test("Keys that differ only in their Unicode form are two keys")
    func unicodeForms() {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        let text = Text.pass("\"Result\": {\"\(composed)\": 1, \"\(decomposed)\": 2}")
        #expect(Definition(parsing: text).lines == [])
    }
}

@Suite("Diagnostics on a terminal")
struct DiagnosticRenderingTests {
    private func rendered(_ text: String) -> [String] {
        Definition(parsing: text).diagnostics.map { $0.render(source: text, file: "orders.asl.json") }
    }

    @Test("Place, message, code, location, line, caret and hint")
    func complete() {
        let text = """
            {"StartAt": "Pack", "States": {
            \t"Pack": {"Type": "Pass", "Next": "Shipp"},
              "Ship": {"Type": "Pass", "Next": "Pack", "End": false},
              "Done": {"Type": "Succeed"}}}
            """
        #expect(
            rendered(text).first == """
                orders.asl.json:2:27: error: Missing 'Next' target: Shipp [MISSING_TRANSITION_TARGET] (/States/Pack/Next)
                    "Pack": {"Type": "Pass", "Next": "Shipp"},
                                             ^
                hint: did you mean 'Ship'?
                """
        )
    }

    @Test("A finding about nothing in particular has no place")
    func withoutPlace() {
        #expect(
            rendered(#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}"#)
                == ["orders.asl.json: error: Workflow has no terminal state [MISSING_END_STATE]"]
        )
    }

    @Test("A warning says so")
    func warning() {
        #expect(rendered(Text.fail(#""Error": "$.e""#)).first?.contains("1:51: warning: The value of field") == true)
    }

    @Test("A definition on one long line is cut around the place")
    func longLine() throws {
        let padding = String(repeating: "x", count: 500)
        let text =
            #"{"Comment":"\#(padding)","StartAt":"A","States":{"A":{"Type":"Wait","Seconds":-1,"End":true}},"#
            + #""Version":"1.0","TimeoutSeconds":1234567890,"Comment2":"\#(padding)"}"#
        let lines = try #require(rendered(text).first).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("…xxx"))
        #expect(lines[1].hasSuffix("…"))
        #expect(lines[1].count == 102)
        #expect(lines[2] == String(repeating: " ", count: 61) + "^")
        #expect(lines[1].dropFirst(61).hasPrefix("\"Seconds\":-1"))
    }

    @Test("The caret stands under wide characters, and under those that have no width")
    func width() throws {
        let text =
            "{\"StartAt\":\"주\",\"States\":{\"주\":{\"Type\":\"Wait\",\"Comment\":\"e\u{301}👍\",\"Seconds\":-1,\"End\":true}}}"
        let lines = try #require(rendered(text).first).split(separator: "\n")
        // Two wide letters, one wide emoji, one combining accent.
        let before = try #require(lines[1].split(separator: "\"Seconds\"").first)
        #expect(lines[2] == String(repeating: " ", count: before.unicodeScalars.count + 3 - 1) + "^")
    }

    @Test("Nothing in a definition drives the terminal")
    func control() throws {
        let text = Text.machine(#"{"Type": "Pass", "Next": "\u001b[2J\u202e"}"#) + "\u{9B}"
        let next = try #require(
            rendered(Text.machine(#"{"Type": "Pass", "Next": "\u001b[2J\u202e"}"#)).first { $0.contains("Next") }
        )
        #expect(next.contains(#"target: \u{1B}[2J\u{202E} ["#))
        let syntax = try #require(rendered(text).first)
        #expect(syntax.unicodeScalars.allSatisfy { $0 == "\n" || !(0..<0x20).contains($0.value) && $0.value != 0x9B })
    }

    @Test("A diagnostic of another text is shown without a line")
    func otherText() throws {
        let diagnostic = try #require(Definition(parsing: Text.fail(#""Error": 1"#)).diagnostics.first)
        let rendered = diagnostic.render(source: "{}", file: "f")
        #expect(rendered.split(separator: "\n").count == 1)
    }
}
