import Expressions
import JSON
import Testing

@Suite("Reference paths")
struct ReferencePathTests {
    @Test(
        "putting 9",
        arguments: [
            Row("$", #"{"a":1}"#, gives: "9"),
            Row("$", "[1]", gives: "9"),
            Row("$.a", gives: #"{"a":9}"#),
            Row("$.b", #"{"a":1,"b":{"x":2},"c":3}"#, gives: #"{"a":1,"b":9,"c":3}"#),
            Row("$.a.b.c", gives: #"{"a":{"b":{"c":9}}}"#),
            Row("$.a.b", #"{"a":{"x":1}}"#, gives: #"{"a":{"x":1,"b":9}}"#),
            Row("$['a b']['c']", #"{"d":1}"#, gives: #"{"d":1,"a b":{"c":9}}"#),
            Row("$.a[1]", #"{"a":[1,2,3]}"#, gives: #"{"a":[1,9,3]}"#),
            Row("$.a[-1]", #"{"a":[1,2]}"#, gives: #"{"a":[1,9]}"#),
            Row("$[0].x", "[{}]", gives: #"[{"x":9}]"#),
            Row("$.x", #""input1""#, error: failure, cause: #"Unable to apply ReferencePath $.x to input "input1""#),
            Row("$.x", "[]", error: failure, cause: "Unable to apply ReferencePath $.x to input []"),
            Row("$.x", "null", error: failure, cause: "Unable to apply ReferencePath $.x to input null"),
            Row("$.a.b", #"{"a":1}"#, error: failure, cause: #"Unable to apply ReferencePath $.a.b to input {"a":1}"#),
            Row(
                "$.a[1]",
                #"{"a":[1]}"#,
                error: failure,
                cause: #"Unable to apply ReferencePath $.a[1] to input {"a":[1]}"#
            ),
            Row("$.a[0]", error: failure, cause: "Unable to apply ReferencePath $.a[0] to input {}"),
        ]
    )
    func put(_ row: Row) throws {
        let path = try ReferencePath(row.expression)
        try row.check { (scope) throws(ExpressionError) in try path.put(9, into: scope.input) }
    }

    static let failure = "States.ResultPathMatchFailure"

    @Test("what is left of the input is untouched")
    func untouched() throws {
        let input = try JSONValue(parsing: #"{"z":1.50,"a":{"y":[1,{"k":null}]}}"#)
        let output = try ReferencePath("$.a.b").put(["r": true], into: input)
        #expect(output.text == #"{"z":1.50,"a":{"y":[1,{"k":null}],"b":{"r":true}}}"#)
        #expect(input.text == #"{"z":1.50,"a":{"y":[1,{"k":null}]}}"#)
    }

    @Test(
        "what is not a reference path",
        arguments: [
            ("$$.a", "a result can only be put below '$'"), ("$x", "a result can only be put below '$'"),
            ("$.a[*]", severalNodes), ("$.*", severalNodes), ("$..a", severalNodes), ("$.a[0,1]", severalNodes),
            ("$.a[1:]", severalNodes), ("$['a','b']", severalNodes), ("$.a[?(@.b)]", severalNodes),
            ("$.a.length()", severalNodes), ("a", "a path starts with '$', found 'a'"),
            ("$" + String(repeating: ".a", count: 101), "a result can be put at most 100 deep"),
        ]
    )
    func faults(_ text: String, _ reason: String) {
        #expect(throws: ExpressionSyntaxError(reason: reason, offset: 0)) { try ReferencePath(text) }
    }

    static let severalNodes = "a reference path must name exactly one node"

    @Test("the root is known")
    func root() throws {
        #expect(try ReferencePath("$").isRoot)
        #expect(try !ReferencePath("$.a").isRoot)
    }
}
