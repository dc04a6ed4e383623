import Expressions
import JSON
import Testing

@Suite("Intrinsic functions")
struct IntrinsicTests {
    @Test(
        "arrays",
        arguments: [
            Row("States.ArrayPartition($, 2)", "[0,1,2]", gives: "[[0,1],[2]]"),
            Row("States.ArrayPartition($, 5)", "[0,1]", gives: "[[0,1]]"),
            Row("States.ArrayPartition($, 1.5)", "[0,1,2]", gives: "[[0,1],[2]]"),
            Row("States.ArrayPartition($, 4)", "[]", gives: "[]"),
            Row("States.ArrayContains($, 5)", "[1,5]", gives: "true"),
            Row("States.ArrayContains($, 5)", "[1,5.0]", gives: "true"),
            Row("States.ArrayContains($, '5')", "[1,5]", gives: "false"),
            Row("States.ArrayContains($.a, $.b)", #"{"a":[{"x":1,"y":[2]}],"b":{"y":[2.0],"x":1}}"#, gives: "true"),
            Row("States.ArrayRange(1, 10, 2)", gives: "[1,3,5,7,9]"),
            Row("States.ArrayRange(0, 9, 3)", gives: "[0,3,6,9]"),
            Row("States.ArrayRange(1, 9, 9)", gives: "[1]"),
            Row("States.ArrayRange(3, -3, -3)", gives: "[3,0,-3]"),
            Row("States.ArrayRange(1.4, 2.5, 1)", gives: "[1,2,3]"),
            Row("States.ArrayRange(5, 1, 1)", gives: "[]"),
            Row("States.ArrayRange(1, 5, -1)", gives: "[]"),
            Row("States.ArrayRange(5, 5, -7)", gives: "[5]"),
            Row("States.ArrayGetItem($, 2)", "[1,2,3]", gives: "3"),
            Row("States.ArrayLength($)", "[1,2,3]", gives: "3"),
            Row("States.ArrayLength($.items[*].nope)", #"{"items":[1,2]}"#, gives: "0"),
            Row("States.ArrayUnique($)", "[1,2,1.0,\"1\",[1],[1e0],null,null]", gives: "[1,2,\"1\",[1],null]"),
            Row("States.ArrayUnique($)", #"[{"a":1,"b":2},{"b":2,"a":1}]"#, gives: #"[{"a":1,"b":2}]"#),
        ]
    )
    func arrays(_ row: Row) throws { try check(row) }

    @Test(
        "texts",
        arguments: [
            Row("States.Format('Hello {}!', 'x')", gives: #""Hello x!""#),
            Row("States.Format('{}{}', 1.50, -2)", gives: #""1.50-2""#),
            Row("States.Format('{} {} {}', true, null, '')", gives: #""true null ""#),
            Row(
                "States.Format($.t, $.o)",
                #"{"t":"o={}","o":{"Id":"a","Name":[1,"b"]}}"#,
                gives: #""o={Id=a, Name=[1, b]}""#
            ),
            Row(#"States.Format('\{\} \'{}\' \\', 1)"#, gives: #""{} '1' \\""#),
            Row("States.Format($, 1)", #""\\{{}\\d""#, gives: #""{1\\d""#),
            Row("States.Format('{a} {', 1)", error: intrinsic, cause: failure("States.Format('{a} {', 1)", tooFew)),
            Row("States.Format('{a} { }')", gives: #""{a} { }""#),
            Row("States.Format('주문 {}', '처리')", gives: #""주문 처리""#),
            Row("States.StringSplit('a,b,c', ',')", gives: #"["a","b","c"]"#),
            Row("States.StringSplit('a.b+c,,.d', '.+,')", gives: #"["a","b","c","d"]"#),
            Row("States.StringSplit('', ',')", gives: "[]"),
            Row("States.StringSplit('abc', '')", gives: #"["abc"]"#),
            Row(
                "States.StringSplit($, ',')",
                #""V1,V2\nV3,,,\ntrue, 'x'\n""#,
                gives: #"["V1","V2\nV3","\ntrue"," 'x'\n"]"#
            ),
        ]
    )
    func texts(_ row: Row) throws { try check(row) }

    @Test(
        "encodings",
        arguments: [
            Row("States.Base64Encode('')", gives: #""""#),
            Row("States.Base64Encode('Data to encode')", gives: #""RGF0YSB0byBlbmNvZGU=""#),
            Row("States.Base64Encode('a')", gives: #""YQ==""#),
            Row("States.Base64Encode('주문')", gives: #""7KO866y4""#),
            Row("States.Base64Decode('SGVsbG8gV29ybGQ=')", gives: #""Hello World""#),
            Row("States.Base64Decode('YQ')", gives: #""a""#),
            Row("States.Base64Decode('')", gives: #""""#),
            Row("States.Base64Decode('+/+/')", gives: "\"\u{FFFD}\u{FFFD}\u{FFFD}\""),
            Row("States.Hash('input data', 'MD5')", gives: #""812f45842bc6d66ee14572ce20db8e86""#),
            Row("States.Hash('input data', 'SHA-1')", gives: #""aaff4a450a104cd177d28d18d74485e8cae074b7""#),
            Row("States.Hash('input data', 'SHA-256')", gives: "\"\(sha256)\""),
            Row("States.Hash('input data', 'SHA-384')", gives: "\"\(sha384)\""),
            Row("States.Hash('input data', 'SHA-512')", gives: "\"\(sha512)\""),
            Row(
                "States.ArrayUnique(States.Array(States.Hash($, 'MD5'), States.Hash('[1]', 'MD5')))",
                "[1]",
                gives: "[\"\(hashOfOne)\"]"
            ),
        ]
    )
    func encodings(_ row: Row) throws { try check(row) }

    static let sha256 = "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"
    static let sha384 =
        "d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562"
    static let sha512 =
        "6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce"
        + "2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4"
    static let hashOfOne = "35dba5d75538a9bbe0b4da4422759a0e"

    @Test(
        "JSON",
        arguments: [
            Row(
                "States.JsonMerge($.a, $.b, false)",
                #"{"a":{"a":{"x":1},"b":2},"b":{"a":{"y":1},"c":3}}"#,
                gives: mergedObject
            ),
            Row("States.JsonMerge($, $, false)", #"{"a":1}"#, gives: #"{"a":1}"#),
            Row("States.StringToJson('[1, 2.0 ]')", gives: "[1,2.0]"),
            Row("States.StringToJson('null')", gives: "null"),
            Row("States.JsonToString($)", #"{"a": [1, "é/"], "b": null}"#, gives: #""{\"a\":[1,\"é/\"],\"b\":null}""#),
            Row("States.JsonToString('a')", gives: #""\"a\"""#),
        ]
    )
    func json(_ row: Row) throws { try check(row) }

    static let mergedObject = #"{"a":{"y":1},"b":2,"c":3}"#

    @Test(
        "States.MathAdd rounds its arguments half up",
        arguments: [
            (-9, 3, -6), (1.49, 1.5, 3), (1.5, 1.51, 4), (-1.49, -1.5, -2), (-1.5, -1.51, -3), (1.49, 0, 1),
            (1.49, -1.49, 0), (1.5, 0, 2), (-1.5, 0, -1), (-1.51, 0, -2), (0.5, 0, 1), (2.5, 0, 3), (-0.5, 0.5, 1),
            (-2.5, 0, -2), (0.49999999999999994, 0, 0), (2_147_483_647, 2_147_483_647, 4_294_967_294),
        ] as [(Double, Double, Int)]
    )
    func mathAdd(_ left: Double, _ right: Double, _ sum: Int) throws {
        try check(Row("States.MathAdd(\(left), \(right))", gives: "\(sum)"))
    }

    @Test("States.MathRandom stays within its bounds and repeats itself for a seed")
    func mathRandom() throws {
        for seed in -20...20 {
            let first = try value("States.MathRandom(-3, 4, \(seed))")
            #expect(try value("States.MathRandom(-3, 4, \(seed))") == first)
            let number = try #require(first.number?.integer)
            #expect((-3..<4).contains(number))
        }
        let many = try (0..<50).map { try value("States.MathRandom(0, 1000000, \($0))").text }
        #expect(Set(many).count > 40)
        #expect(try value("States.MathRandom(5, 6)").text == "5")
        var random = Counting(state: .max / 2)
        let unseeded = try TemplateExpression("States.MathRandom(0, 10)")
            .evaluate(in: Scope(input: [:]), random: &random)
        #expect(unseeded.text == "4" || unseeded.text == "5")
    }

    @Test("States.UUID is version 4 and comes from the given generator")
    func uuid() throws {
        #expect(try value("States.UUID()").string == "00000000-0000-4000-8000-000000000001")
        var random = Counting(state: .max - 1)
        let other = try TemplateExpression("States.UUID()").evaluate(in: Scope(input: [:]), random: &random)
        #expect(other.string == "ffffffff-ffff-4ffe-bfff-ffffffffffff")
    }

    static let intrinsic = "States.IntrinsicFailure"
    static let tooFew = "The first argument has fewer placeholders than there are values."

    static func failure(_ call: String, _ reason: String) -> String {
        "The function '\(call)' had the following error: \(reason)"
    }

    @Test(
        "arguments that are refused",
        arguments: [
            ("States.ArrayLength('a')", "The first argument must be an array but was a string."),
            ("States.ArrayLength(null)", "The first argument must be an array but was null."),
            ("States.ArrayUnique(1)", "The first argument must be an array but was a number."),
            ("States.ArrayContains($, 1)", "The first argument must be an array but was an object."),
            ("States.ArrayPartition(States.Array(), 0)", "The second argument must be a positive integer but was 0."),
            (
                "States.ArrayPartition(States.Array(), -0.6)",
                "The second argument must be a positive integer but was -1."
            ),
            ("States.ArrayPartition(States.Array(), '1')", "The second argument must be a number but was a string."),
            ("States.ArrayRange(1, 2, 0)", "The third argument must not be 0."),
            ("States.ArrayRange(0, 1000, 1)", "The range would have 1001 elements; at most 1000 are allowed."),
            ("States.ArrayRange(0, 1e9, 1)", "The range would have 1000000001 elements; at most 1000 are allowed."),
            ("States.ArrayRange(1, 1e300, 1)", outOfRange("second", "1e300")),
            ("States.ArrayGetItem(States.Array(1), 1)", "The index 1 is out of bounds for an array of 1 elements."),
            ("States.ArrayGetItem(States.Array(1), -1)", "The index -1 is out of bounds for an array of 1 elements."),
            ("States.Base64Encode(1)", "The first argument must be a string but was a number."),
            ("States.Base64Decode('YQ=')", "The first argument is not valid Base64."),
            ("States.Base64Decode('Y')", "The first argument is not valid Base64."),
            ("States.Base64Decode('YQ==YQ==')", "The first argument is not valid Base64."),
            ("States.Base64Decode('Y-Q_')", "The first argument is not valid Base64."),
            ("States.Base64Decode('====')", "The first argument is not valid Base64."),
            ("States.Hash('a', 'SHA-3')", unknownAlgorithm),
            ("States.Hash('a', 5)", "The second argument must be a string but was a number."),
            ("States.JsonMerge($, $, true)", "The third argument must be false: only shallow merging is supported."),
            ("States.JsonMerge($, $, 'false')", "The third argument must be a boolean but was a string."),
            ("States.JsonMerge($, 1, false)", "The second argument must be an object but was a number."),
            ("States.StringToJson('[1')", notJSON),
            ("States.StringToJson(1)", "The first argument must be a string but was a number."),
            ("States.MathAdd('1', 1)", "The first argument must be a number but was a string."),
            ("States.MathAdd(2147483648, 1)", outOfRange("first", "2147483648")),
            ("States.MathAdd(1e999, 1)", outOfRange("first", "1e999")),
            ("States.MathRandom(2, 2)", "The first argument must be less than the second but they were 2 and 2."),
            ("States.StringSplit(true, ',')", "The first argument must be a string but was a boolean."),
            ("States.Format(1)", "The first argument must be a string but was a number."),
            ("States.Format('{} {}', 1)", "The first argument has more placeholders than there are values."),
            ("States.Format('{}', 1, 2)", tooFew),
        ]
    )
    func refusals(_ call: String, _ reason: String) throws {
        try check(Row(call, error: Self.intrinsic, cause: Self.failure(call, reason)))
    }

    static let unknownAlgorithm =
        "The second argument must be one of [MD5, SHA-1, SHA-256, SHA-384, SHA-512] but was 'SHA-3'."
    static let notJSON =
        "The first argument is not valid JSON: line 1, column 3:"
        + " expected ',' or ']' after an array element, found the end of the text."

    static func outOfRange(_ place: String, _ number: String) -> String {
        "The \(place) argument must be between -2147483648 and 2147483647 but was \(number)."
    }

    private func check(_ row: Row) throws {
        let expression = try TemplateExpression(row.expression)
        try row.check { (scope) throws(ExpressionError) in
            var random = Counting()
            return try expression.evaluate(in: scope, random: &random)
        }
    }

    private func value(_ text: String) throws -> JSONValue {
        var random = Counting()
        return try TemplateExpression(text).evaluate(in: Scope(input: [:]), random: &random)
    }
}
