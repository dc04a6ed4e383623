import Expressions
import JSON
import Testing

@Suite("Payload templates")
struct PayloadTemplateTests {
    @Test(
        "values",
        arguments: [
            Row(#"{"a.$":"$.x","b":"$.x"}"#, #"{"x":1}"#, gives: #"{"a":1,"b":"$.x"}"#),
            Row(#"{"all.$":"$"}"#, #"[1]"#, gives: #"{"all":[1]}"#),
            Row(#"{"o":{"p.$":"$.x","q":[{"r.$":"$.x"},"$.x",["s.$"]]}}"#, #"{"x":1}"#, gives: nestedResult),
            Row(#"[{"a.$":"$.x"},2]"#, #"{"x":1}"#, gives: #"[{"a":1},2]"#),
            Row(#""$.x""#, gives: #""$.x""#),
            Row("null", gives: "null"),
            Row(#"{"n":1.50,"z":{}}"#, gives: #"{"n":1.50,"z":{}}"#),
            Row(#"{"c.$":"$$.State.Name","v.$":"$v.w"}"#, gives: #"{"c":"Work","v":true}"#),
            Row(#"{"f.$":"States.Format('{}', $.x)"}"#, #"{"x":1}"#, gives: #"{"f":"1"}"#),
            Row(#"{"m.$":"$.items[*].id"}"#, gives: #"{"m":[]}"#),
            Row(#"{"last.$":"$.items[9]"}"#, #"{"items":[1]}"#, gives: #"{"last":null}"#),
            Row(#"{".$":"$.x"}"#, #"{"x":1}"#, gives: #"{"":1}"#),
            Row(#"{"$":"$.x","x$":1}"#, gives: #"{"$":"$.x","x$":1}"#),
        ]
    )
    func values(_ row: Row) throws {
        try check(row)
    }

    static let nestedResult = #"{"o":{"p":1,"q":[{"r":1},"$.x",["s.$"]]}}"#

    @Test(
        "expressions that fail",
        arguments: [
            Row(
                #"{"address.$":"$.application.address"}"#,
                #"{"flagged":false}"#,
                cause: "The JSONPath '$.application.address' specified for the field 'address.$' could not be found in"
                    + #" the input '{"flagged":false}'"#
            ),
            Row(
                #"{"deep":[{"value.$":"$$.State.Nope"}]}"#,
                cause: "The JSONPath '$$.State.Nope' specified for the field 'value.$' could not be found in the input"
                    + #" '{"State":{"Name":"Work"}}'"#
            ),
            Row(
                #"{"a.$":"$.x.y"}"#,
                #"{"x":1}"#,
                cause: #"The JSONPath '$.x.y' specified for the field 'a.$' could not be found in the input '{"x":1}'"#
            ),
            Row(
                #"{"a.$":"$.x[3].y"}"#,
                #"{"x":[]}"#,
                cause: "The JSONPath '$.x[3].y' specified for the field 'a.$' could not be found in the input"
                    + #" '{"x":[]}'"#
            ),
            Row(
                #"{"a.$":"$.x[0]"}"#,
                #"{"x":{"k":1}}"#,
                cause: "Invalid path '$.x[0]' : Filter: [0] can only be applied to arrays. Current context is: {k=1}"
            ),
            Row(
                #"{"a.$":"$nope"}"#,
                cause: "Invalid path '$nope' : The variable '$nope' is not defined."
            ),
            Row(#"{"a.$":"$.x"}"#, "null", cause: "Unable to apply Path transformation to null or empty input."),
            Row(
                #"{"a.$":"States.ArrayGetItem($.x, 2)"}"#,
                #"{"x":[1]}"#,
                error: "States.IntrinsicFailure",
                cause:
                    "The function 'States.ArrayGetItem($.x, 2)' had the following error: The index 2 is out of bounds"
                    + " for an array of 1 elements."
            ),
        ]
    )
    func failures(_ row: Row) throws {
        try check(row)
    }

    private func check(_ row: Row) throws {
        let compiled = PayloadTemplate.compile(try JSONValue(parsing: row.expression))
        #expect(compiled.faults == [])
        let context = #"{"State":{"Name":"Work"}}"#
        try row.check(context: context, variables: ["v": ["w": true]]) { (scope) throws(ExpressionError) in
            var random = Counting()
            return try compiled.template.evaluate(in: scope, random: &random)
        }
    }

    @Test("all faults are reported at once, with the keys that lead to them")
    func faults() throws {
        let source = try JSONValue(
            parsing: #"{"a.$":"x","b":[1,{"c.$":5,"d.$":"$.ok"}],"e":1,"e.$":"$.e","f":{"g.$":"States.UUID(1)"}}"#
        )
        let compiled = PayloadTemplate.compile(source)
        #expect(
            compiled.faults == [
                .init(keys: ["a.$"], reason: "'x' is neither a path nor an intrinsic function at position 0"),
                .init(
                    keys: ["b", "1", "c.$"],
                    reason: "the value of 'c.$' must be a path or an intrinsic function in a string, not a number"
                ),
                .init(keys: ["e.$"], reason: "the field 'e' is given twice, as 'e' and as 'e.$'"),
                .init(keys: ["f", "g.$"], reason: "States.UUID takes no arguments, not 1 at position 0"),
            ]
        )
        #expect(compiled.template.source == source)
    }

    @Test("introspection")
    func introspection() throws {
        let source = try JSONValue(
            parsing: #"{"a.$":"$x.y","b":[{"c.$":"States.Array($z, $x, $$.Execution.Input)"}],"d":"$w"}"#
        )
        let template = PayloadTemplate.compile(source).template
        #expect(template.variableNames == ["x", "z"])
        #expect(template.readsExecutionInput)
        #expect(template.expressions.map(\.keys) == [["a.$"], ["b", "0", "c.$"]])
        #expect(template.expressions.map(\.expression.intrinsic) == [nil, "States.Array"])
        #expect(!PayloadTemplate.compile(["a": 1]).template.readsExecutionInput)
    }

    @Test("an error shows at most the beginning of a large input")
    func largeInput() throws {
        let template = PayloadTemplate.compile(["a.$": "$.a"]).template
        var random = Counting()
        let input: JSONValue = ["text": .string(String(repeating: "x", count: 1_000_000))]
        let error = #expect(throws: ExpressionError.self) {
            try template.evaluate(in: Scope(input: input), random: &random)
        }
        #expect((error?.cause.utf8.count ?? 0) < 32_768)
    }
}
