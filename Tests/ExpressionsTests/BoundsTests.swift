import Expressions
import JSON
import Testing

/// Inputs made to hurt: each ends as a value or a named error, in time and memory that the input's size explains.
@Suite("Bounds")
struct BoundsTests {
    private func evaluate(_ text: String, _ input: JSONValue = [:]) throws -> JSONValue {
        var random = Counting()
        return try TemplateExpression(text).evaluate(in: Scope(input: input), random: &random)
    }

    private func expectFailure(_ error: String, containing part: String, _ text: String, _ input: JSONValue = [:]) {
        let failure = #expect(throws: ExpressionError.self) { try evaluate(text, input) }
        #expect(failure?.error == error)
        #expect(failure?.cause.contains(part) == true, "\(failure?.cause.prefix(200) ?? "")")
    }

    @Test("descent over data far deeper than any document")
    func deepDescent() throws {
        #expect(try evaluate("$..*", nested(5_000)).array?.count == 5_000)
        #expect(try evaluate("$..[0]", nested(5_000)).array?.count == 5_000)
    }

    @Test("paths stop at a million nodes")
    func nodeBudget() {
        let wide: JSONValue = .array(Array(repeating: .array(Array(repeating: 1, count: 1_000)), count: 1_100))
        for path in ["$[*][*]", "$..*", "$[?(@[*])]", "$..[?(@ == 2)]", "$[*][:]"] {
            expectFailure("States.Runtime", containing: "more work than looking at 1000000 nodes", path, wide)
        }
        let doubling = (0..<60).reduce("x" as JSONValue) { value, _ in [value, value] }
        expectFailure("States.Runtime", containing: "more work than looking at 1000000 nodes", "$..*", doubling)
        let squares = "$" + String(repeating: "[0,0,0,0,0,0,0,0,0,0]", count: 50)
        expectFailure("States.Runtime", containing: "more work than looking at 1000000 nodes", squares, nested(60))
    }

    @Test("comparing large values uses up the same budget")
    func comparisons() throws {
        let text = JSONValue.string(String(repeating: "x", count: 1_000_000))
        let list: JSONValue = .array((0..<20_000).map { .number(JSONNumber($0)) })
        let rows = JSONValue.array(Array(repeating: "y", count: 20_000))
        for condition in [
            "$.text == $.text", "@ in $.list", "$.list == $.list", "$.text contains 'y'", "$.list anyof [1]",
        ] {
            let input: JSONValue = ["text": text, "list": list, "rows": rows]
            expectFailure("States.Runtime", containing: "more work", "$.rows[?(\(condition))]", input)
            #expect(try evaluate("$.few[?(\(condition))]", ["text": text, "list": list, "few": [1]]).array != nil)
        }
    }

    @Test("filters may be nested a hundred deep")
    func nestedFilters() throws {
        func parentheses(_ depth: Int) -> String {
            "$[?" + String(repeating: "(", count: depth) + "@.a" + String(repeating: ")", count: depth) + "]"
        }
        func negations(_ depth: Int) -> String { "$[?(" + String(repeating: "!", count: depth) + "@.a)]" }
        func filters(_ depth: Int) -> String {
            "$" + String(repeating: "[?(@", count: depth) + String(repeating: ")]", count: depth)
        }
        #expect(try evaluate(parentheses(100), [["a": 1]]).array?.count == 1)
        #expect(try evaluate(negations(99), [["b": 1]]).array?.count == 1)
        #expect(try evaluate(filters(100), nested(101)).array?.count == 1)
        for text in [
            parentheses(101), negations(101), filters(101), parentheses(4_000), negations(9_000), filters(1_500),
        ] {
            let fault = #expect(throws: ExpressionSyntaxError.self) { try Path(text) }
            #expect(fault?.reason == "an expression may be nested at most 100 deep")
        }
    }

    @Test("a path may have 10,000 bytes")
    func longPaths() throws {
        let path = "$" + String(repeating: ".abcdefghi", count: 999)
        #expect(throws: ExpressionError.self) { try evaluate(path) }
        let fault = #expect(throws: ExpressionSyntaxError.self) { try Path(path + ".abcdefghij") }
        #expect(fault == ExpressionSyntaxError(reason: "a path may be at most 10000 bytes long", offset: 0))
        let chain = "$[?(" + Array(repeating: "@.a", count: 1_600).joined(separator: "&&") + ")]"
        #expect(try evaluate(chain, [["a": 1]]).array?.count == 1)
    }

    @Test("formatting 100,000 braces")
    func braces() throws {
        let braces = String(repeating: "{", count: 100_000)
        #expect(try evaluate("States.Format($)", .string(braces)).string == braces)
        let pairs = String(repeating: "{}", count: 100_000)
        expectFailure("States.IntrinsicFailure", containing: "more placeholders", "States.Format($, 1)", .string(pairs))
        let call = "States.Format('\(pairs)'" + String(repeating: ",1", count: 100_000) + ")"
        #expect(try evaluate(call).string == String(repeating: "1", count: 100_000))
    }

    @Test("texts of more than 10,000 characters are neither hashed nor encoded")
    func longTexts() throws {
        let longest = JSONValue.string(String(repeating: "é", count: 10_000))
        #expect(try evaluate("States.Hash($, 'MD5')", longest).string?.count == 32)
        #expect(try evaluate("States.Base64Encode($)", longest).string?.count == 26_668)
        let tooLong = JSONValue.string(String(repeating: "x", count: 10_001))
        let huge = JSONValue.string(String(repeating: "x", count: 10_000_000))
        for text in ["States.Hash($, 'MD5')", "States.Base64Encode($)", "States.Base64Decode($)"] {
            for input in [tooLong, huge] {
                let limit = "The first argument may have at most 10000 characters."
                expectFailure("States.IntrinsicFailure", containing: limit, text, input)
            }
        }
    }

    @Test("values that would explode when written are refused")
    func explosions() {
        let doubling = (0..<60).reduce("x" as JSONValue) { value, _ in [value, value] }
        for text in ["States.JsonToString($)", "States.Hash($, 'MD5')"] {
            expectFailure("States.IntrinsicFailure", containing: "too large to be written", text, doubling)
            expectFailure("States.IntrinsicFailure", containing: "too large to be written", text, nested(600))
        }
        expectFailure(
            "States.IntrinsicFailure",
            containing: "too large to be written",
            "States.Format('{}', $)",
            doubling
        )
        expectFailure(
            "States.IntrinsicFailure",
            containing: "too large to be written",
            "States.Format('{}', $)",
            nested(600)
        )
        expectFailure("States.Runtime", containing: "could not be found", "States.Array($[2])", doubling)
    }

    @Test("JSON bombs in strings")
    func bombs() {
        let deep = String(repeating: "[", count: 100_000)
        expectFailure("States.IntrinsicFailure", containing: "not valid JSON", "States.StringToJson($)", .string(deep))
    }

    @Test("removing repetitions from 100,000 elements")
    func manyElements() throws {
        let elements: [JSONValue] = (0..<100_000).map { .number(JSONNumber($0 % 50_000)) }
        #expect(try evaluate("States.ArrayUnique($)", .array(elements)).array?.count == 50_000)
    }

    @Test("searching a text for a part of it is linear")
    func substrings() throws {
        let text = String(repeating: "a", count: 200_000)
        let input: JSONValue = [["t": .string(text + "c"), "p": .string(text + "b")]]
        #expect(try evaluate("$[?(@.t contains @.p)]", input).text == "[]")
    }
}
