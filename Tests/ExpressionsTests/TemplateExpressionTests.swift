import Expressions
import JSON
import Testing

@Suite("Template expressions")
struct TemplateExpressionTests {
    @Test(
        "arguments",
        arguments: [
            Row("States.Array()", gives: "[]"),
            Row("States.Array( 1 , -2 ,1.50,1e3 )", gives: "[1,-2,1.50,1e3]"),
            Row("States.Array(true,false,null)", gives: "[true,false,null]"),
            Row("States.Array('a', '', 'b c')", gives: #"["a","","b c"]"#),
            Row(#"States.Array('it\'s \{\} \\')"#, gives: #"["it's {} \\"]"#),
            Row(#"States.StringToJson('{"k": "false"}')"#, gives: #"{"k":"false"}"#),
            Row("States.Array($.a, $['b c'], $$.n, $v)", #"{"a":1,"b c":2}"#, gives: "[1,2,3,4]"),
            Row("States.Array($.a[0,1], $.a[?(@ > 1 && (@ < 9))])", #"{"a":[1,2]}"#, gives: "[[1,2],[2]]"),
            Row("States.Array($.a.length(),$)", #"{"a":[1]}"#, gives: #"[1,{"a":[1]}]"#),
            Row("States.JsonToString($.[?(@.year <= 1998)])", #"[{"year":1998}]"#, gives: #""[{\"year\":1998}]""#),
            Row("States.Array(States.Array(1), States.MathAdd(1, 2))", gives: "[[1],3]"),
            Row("States.Array ('x') ", gives: #"["x"]"#),
            Row("States.Array('값, )')", gives: #"["값, )"]"#),
            Row("$.a", #"{"a":1}"#, gives: "1"),
            Row("$.a ", #"{"a":1}"#, gives: "1"),
        ]
    )
    func arguments(_ row: Row) throws {
        try check(row)
    }

    @Test(
        "arguments that lead nowhere",
        arguments: [
            Row(
                "States.Format('{} {}', $.other, $.a.b)",
                #"{"other":1}"#,
                cause: "The function 'States.Format('{} {}', $.other, $.a.b)' had the following error: The JsonPath"
                    + #" argument for the field '$.a.b' could not be found in the input '{"other":1}'"#
            ),
            Row(
                "States.Array(States.Array($.x[5]))",
                #"{"x":[1]}"#,
                cause: "The function 'States.Array(States.Array($.x[5]))' had the following error: The JsonPath"
                    + #" argument for the field '$.x[5]' could not be found in the input '{"x":[1]}'"#
            ),
            Row(
                "States.Array($$.Nope)",
                cause: "The function 'States.Array($$.Nope)' had the following error: The JsonPath"
                    + " argument for the field '$.Nope' could not be found in the input '{}'"
            ),
            Row(
                "States.Array($.x[0])",
                #"{"x":1}"#,
                cause: "The function 'States.Array($.x[0])' had the following error: Filter: [0] can only be applied to"
                    + " arrays. Current context is: 1"
            ),
            Row(
                "States.Array($nope)",
                cause:
                    "The function 'States.Array($nope)' had the following error: The variable '$nope' is not defined."
            ),
            Row("$.a", cause: "Invalid path '$.a' : No results for path: $['a']"),
        ]
    )
    func nowhere(_ row: Row) throws {
        try check(row)
    }

    private func check(_ row: Row) throws {
        let expression = try TemplateExpression(row.expression)
        try row.check(context: #"{"n":3}"#, variables: ["v": 4]) { (scope) throws(ExpressionError) in
            var random = Counting()
            return try expression.evaluate(in: scope, random: &random)
        }
    }

    @Test(
        "what is not an expression",
        arguments: [
            ("", "expected a path that starts with '$' or an intrinsic function, found the end", 0),
            ("'text'", "expected a path that starts with '$' or an intrinsic function, found '''", 0),
            ("5", "expected a path that starts with '$' or an intrinsic function, found '5'", 0),
            ("hello", "'hello' is neither a path nor an intrinsic function", 0),
            ("States.Nope()", "'States.Nope' is neither a path nor an intrinsic function", 0),
            ("states.array()", "'states.array' is neither a path nor an intrinsic function", 0),
            ("States.Array", "expected '(' after States.Array, found the end", 12),
            ("States.Array(", "expected an argument, found the end", 13),
            ("States.Array(1", "expected ',' or ')', found the end", 14),
            ("States.Array(1,)", "expected an argument, found ')'", 15),
            ("States.Array(1 2)", "expected ',' or ')', found '2'", 15),
            ("States.Array(x)", "expected an argument, found 'x'", 13),
            ("States.Array(\"x\")", "expected an argument, found '\"'", 13),
            ("States.Array('x)", "the quote is not closed", 13),
            (#"States.Array('a\"b')"#, #"only ' { } and \ may follow a backslash in a text"#, 15),
            (#"States.Array('a\"#, #"only ' { } and \ may follow a backslash in a text"#, 15),
            ("States.Array(01)", "'01' is not a number", 13),
            ("States.Array(1) x", "expected the end of the expression, found 'x'", 16),
            ("States.Array($.a b)", "expected ',' or ')', found 'b'", 17),
            ("States.UUID(1)", "States.UUID takes no arguments, not 1", 0),
            ("States.Format()", "States.Format takes at least 1 argument, not 0", 0),
            ("States.ArrayLength()", "States.ArrayLength takes 1 argument, not 0", 0),
            ("States.MathRandom(1)", "States.MathRandom takes 2 or 3 arguments, not 1", 0),
            ("States.JsonMerge(1, 2)", "States.JsonMerge takes 3 arguments, not 2", 0),
            ("$.a,b", "expected the end of the expression, found ','", 3),
        ]
    )
    func faults(_ text: String, _ reason: String, _ offset: Int) {
        #expect(throws: ExpressionSyntaxError(reason: reason, offset: offset)) { try TemplateExpression(text) }
    }

    @Test("intrinsic functions may be nested ten deep")
    func nesting() throws {
        func calls(_ depth: Int) -> String {
            String(repeating: "States.Array(", count: depth) + String(repeating: ")", count: depth)
        }
        var random = Counting()
        let value = try TemplateExpression(calls(10)).evaluate(in: Scope(input: [:]), random: &random)
        #expect(value.text == "[[[[[[[[[[]]]]]]]]]]")
        for depth in [11, 25, 100_000] {
            let fault = ExpressionSyntaxError(reason: "intrinsic functions may be nested at most 10 deep", offset: 130)
            #expect(throws: fault) { try TemplateExpression(calls(depth)) }
        }
    }

    @Test("introspection")
    func introspection() throws {
        let call = try TemplateExpression("States.Format('{}', States.Array($a, $b.c, $a), $$.Execution.Input.x)")
        #expect(call.intrinsic == "States.Format")
        #expect(call.paths.map(\.text) == ["$a", "$b.c", "$a", "$$.Execution.Input.x"])
        #expect(call.variableNames == ["a", "b"])
        #expect(call.readsExecutionInput)
        let path = try TemplateExpression("$$.State")
        #expect(path.intrinsic == nil)
        #expect(path.paths.map(\.text) == ["$$.State"])
        #expect(!path.readsExecutionInput)
    }

    @Test("functions whose result may be a string")
    func strings() throws {
        let texts = [
            "$.a", "States.ArrayGetItem($, 0)", "States.Base64Encode('')", "States.Base64Decode('')",
            "States.Format('')", "States.JsonToString(1)", "States.Hash('', 'MD5')", "States.UUID()",
        ]
        for text in texts { #expect(try TemplateExpression(text).mayGiveString, "\(text)") }
        let others = [
            "States.Array()", "States.MathAdd(1, 2)", "States.StringToJson('1')", "States.StringSplit('', '')",
        ]
        for text in others { #expect(try !TemplateExpression(text).mayGiveString, "\(text)") }
    }
}
