import JSON

extension HostileCase {
    private static let syntax: Answer = .error(["ExpressionSyntaxError"])
    private static let failed: Answer = .error(["States."])
    private static let bounded: Answer = .error(["U1001", "D", "T", "S"])

    private static func nested(_ depth: Int) -> JSONValue {
        var value: JSONValue = 1
        for _ in 0..<depth { value = ["a": value] }
        return value
    }

    private static let wide: JSONValue = .array((0..<20_000).map { ["a": .number(JSONNumber($0))] })

    static let paths: [HostileCase] =
        [
            .path("descent over deep data", "$..*", input: nested(400), .fine),
            .path("descent after descent", "$..*..*..*", input: nested(400), .either),
            .path("ten descents", "$" + "..*" * 10, input: nested(100), .either),
            .path("a filter that is not closed", "$[?(@.a=='", syntax),
            .path("filters a hundred deep", "$" + "[?(@" * 100 + ")]" * 100, .either),
            .path("filters ten thousand deep", "$" + "[?(@" * 10_000 + ")]" * 10_000, syntax),
            .path("parentheses ten thousand deep", "$[?(" + "(" * 10_000 + "@.a" + ")" * 10_000 + ")]", syntax),
            .path("a negative slice", "$[-1000000000000:]", input: [1, 2], .either),
            .path("a huge slice", "$[0:99999999999999999999]", input: [1, 2], .either),
            .path("a slice with a step of zero", "$[0:10:0]", input: [1, 2], .either),
            .path("a slice with a huge step", "$[::9223372036854775807]", input: [1, 2], .either),
            .path("an index that is too large", "$[9223372036854775808]", input: [1], .either),
            .path("an index of minus zero", "$[-0]", input: [1], .either),
            .path("ten thousand members", "$" + ".a" * 10_000, .either),
            .path("every pair of a long list", "$[?(@.a in $..a)]", input: wide, failed),
            .path(
                "a regular expression that backtracks",
                "$[?(@.a =~ /^(a+)+$/)]",
                input: [["a": .string("a" * 40 + "!")]],
                .either
            ),
            .path(
                "a regular expression of alternatives",
                "$[?(@.a =~ /(x|xx|xxx)*y/)]",
                input: [["a": .string("x" * 60)]],
                .either
            ),
            .path("nothing", "", syntax), .path("no root", "a.b", syntax), .path("only dots", "$....", syntax),
            .path("U+0000", "$.\u{0}", .either), .path("a quote that is not closed", "$['a", syntax),
            .path("a bracket that is not closed", "$[", syntax),
            .path("a union of ten thousand", "$[" + "0," * 9_999 + "0]", input: [1], .either),
            .path("keys that other languages trip over", "$.__proto__.constructor", input: [:], failed),
        ] + intrinsics

    private static let intrinsics: [HostileCase] = [
        .path("25 functions nested", "States.Base64Encode(" * 25 + "'a'" + ")" * 25, .either),
        .path("ten thousand functions nested", "States.Base64Encode(" * 10_000 + "'a'" + ")" * 10_000, syntax),
        .path("a range of a billion", "States.ArrayRange(0, 1000000000, 1)", failed),
        .path("a range with a step of zero", "States.ArrayRange(0, 10, 0)", failed),
        .path("a range the wrong way", "States.ArrayRange(10, 0, 1)", .either),
        .path("a range to the last integer", "States.ArrayRange(9223372036854775800, 9223372036854775807, 5)", .either),
        .path("a range by fractions", "States.ArrayRange(0, 1, 0.0000001)", .either),
        .path(
            "text that is JSON and too deep",
            "States.StringToJson($.s)",
            input: ["s": .string("[" * 5_000 + "]" * 5_000)],
            failed
        ),
        .path("text that is no JSON", "States.StringToJson($.s)", input: ["s": "{"], failed),
        .path(
            "a format of a hundred thousand braces",
            "States.Format($.s, 1)",
            input: ["s": .string("{}" * 100_000)],
            failed
        ),
        .path("a format with too few arguments", "States.Format('{} {}', 1)", failed),
        .path(
            "a digest of ten megabytes",
            "States.Hash($.s, 'SHA-1')",
            input: ["s": .string("x" * 10_485_760)],
            failed
        ),
        .path("a digest that there is not", "States.Hash('a', 'CRC')", failed),
        .path("parts of zero", "States.ArrayPartition($.a, 0)", input: ["a": [1, 2]], failed),
        .path("parts of minus one", "States.ArrayPartition($.a, -1)", input: ["a": [1, 2]], failed),
        .path("an item beyond the end", "States.ArrayGetItem($.a, 5)", input: ["a": [1, 2]], failed),
        .path(
            "an item at 1e300",
            "States.ArrayGetItem($.a, 1e300)",
            input: ["a": [1, 2]],
            .error(["States.", "ExpressionSyntaxError"])
        ),
        .path("a sum that has no room", "States.MathAdd(9223372036854775807, 1)", .either),
        .path(
            "a random number between the extremes",
            "States.MathRandom(-9223372036854775808, 9223372036854775807)",
            .either
        ),
        .path("a random number from nothing", "States.MathRandom(5, 5)", .either),
        .path("base64 that is none", "States.Base64Decode('*')", failed),
        .path("base64 of no text", "States.Base64Decode('/w==')", .either),
        .path("a split without a separator", "States.StringSplit('abc', '')", .either),
        .path("a merge of no objects", "States.JsonMerge($.a, $.b, false)", input: ["a": 1, "b": 2], failed),
        .path("a deep merge", "States.JsonMerge($.a, $.a, true)", input: ["a": [:]], failed),
        .path("a function that there is not", "States.Eval('1')", .error(["States.", "ExpressionSyntaxError"])),
        .path("too many arguments", "States.UUID(1, 2, 3)", .error(["States.", "ExpressionSyntaxError"])),
        .path("a thousand arguments", "States.Array(" + "1," * 999 + "1)", .either),
    ]

    static let jsonatas: [HostileCase] = [
        .jsonata("recursion without end", "($f := function(){1 + $f()}; $f())", bounded),
        .jsonata("tail recursion without end", "($f := function(){$f()}; $f())", bounded),
        .jsonata(
            "two functions that call each other",
            "($f := function(){$g()}; $g := function(){$f()}; $f())",
            bounded
        ),
        .jsonata("a range of ten million", "[1..10000000]", bounded),
        .jsonata("a range of more than there are", "[1..1000000000000]", bounded),
        .jsonata("a product of ranges", "[1..2000].([1..2000])", bounded),
        .jsonata("padding to a billion", "$pad('', 1000000000)", bounded),
        .jsonata("a string that doubles", "$reduce([1..60], function($s){$s & $s}, 'x')", bounded),
        .jsonata("a list that doubles", "$reduce([1..60], function($s){$append($s, $s)}, [1])", bounded),
        .jsonata("a match that backtracks", "$match('\("a" * 40)!', /^(a+)+$/)", .either),
        .jsonata("a replacement that backtracks", "$replace('\("a" * 40)!', /(a+)+$/, 'b')", .either),
        .jsonata("a split that backtracks", "$split('\("a" * 40)!', /(a+)+$/)", .either),
        .jsonata("a match of nothing", "$match('\("a" * 10_000)', //)", .either),
        .jsonata(
            "a pattern of ten thousand groups",
            "$match('a', /" + "(" * 10_000 + "a" + ")" * 10_000 + "/)",
            .either
        ),
        .jsonata("a pattern that counts to a billion", "$match('a', /(a{1000}){1000}/)", .either),
        .jsonata("a picture of repeated fields", "$fromMillis(0, '" + "[Y]" * 5_000 + "')", .either),
        .jsonata("a picture to read by", "$toMillis('\("1" * 60)x', '" + "[Y]" * 60 + "')", .either),
        .jsonata("a picture that is not closed", "$fromMillis(0, '[')", bounded),
        .jsonata("a time beyond the calendar", "$fromMillis(1e300)", bounded),
        .jsonata("$eval", "$eval('1')", bounded),
        .jsonata("keys that other languages trip over", "{'__proto__': 1, 'constructor': 2}.constructor", .fine),
        .jsonata("a way to code that there is not here", "$.constructor.constructor('return 1')()", .either),
        .jsonata("an expression of a hundred thousand characters", "1" + " + 1" * 25_000, .either),
        .jsonata("ten thousand parentheses", "(" * 10_000 + "1" + ")" * 10_000, bounded),
        .jsonata("ten thousand brackets", "[" * 10_000 + "]" * 10_000, bounded),
        .jsonata("ten thousand conditions", "1 ? " * 10_000 + "1", .either),
        .jsonata("ten thousand signs", "-" * 10_000 + "1", .either),
        .jsonata("a variable that nobody bound", "$nobody + 1", .either),
        .jsonata("a call of what is no function", "$nobody()", bounded),
        .jsonata("a sum with a quotient by zero", "1 / 0 + 1", bounded),
        .jsonata("a remainder by zero", "1 % 0", .either),
        .jsonata("a power that has no room", "$power(10, 1000)", bounded),
        .jsonata("the root of less than nothing", "$sqrt(-1)", bounded),
        .jsonata("a number in another base", "$number('0xFFFFFFFFFFFFFFFFFFFF')", .either),
        .jsonata("a number that is none", "$number('1e999')", bounded),
        .jsonata("digits in base 37", "$formatBase(10, 37)", bounded),
        .jsonata("a format of 1e300", "$formatNumber(1e300, '#,##0.00')", .either),
        .jsonata("a format that is none", "$formatNumber(1, '0.0.0')", bounded),
        .jsonata("rounding to a billion digits", "$round(1.5, 1000000000)", .either),
        .jsonata("a substring from the ends of the earth", "$substring('abc', -1e300, 1e300)", .either),
        .jsonata("an index of 1e300", "[1,2,3][1e300]", .either),
        .jsonata("sorting by what can't be compared", "$sort([1, 'a'])", bounded),
        .jsonata("sorting by a function that lies", "$count($sort([1..2000], function($a, $b){true}))", .either),
        .jsonata("every pair of a long list", "$count($filter([1..3000], function($x){$x in [1..3000]}))", .either),
        .jsonata("a parent of nothing", "%.a", bounded),
        .jsonata("wildcards after wildcards", "**.**.**.**", input: nested(200), .either),
        .jsonata("descent over a wide list", "$count(**)", input: wide, .either),
        .jsonata("a transform of itself", "$ ~> |**|{'a': $}|", input: nested(100), .either),
        .jsonata("a function as a result", "function($x){$x}", .either),
        .jsonata("nothing", "", bounded), .jsonata("a string that is not closed", "'a", bounded),
        .jsonata("a comment that is not closed", "1 /* a", bounded),
        .jsonata("an escape that there is not", #"'\x41'"#, bounded),
        .jsonata("half a pair of surrogates", #"'\ud83d'"#, .either),
        .jsonata("base64 that is none", "$base64decode('*')", .either),
        .jsonata("an address that can't be decoded", "$decodeUrl('%E0%A4%A')", bounded),
        .jsonata("JSON that is too deep", "$parse('" + "[" * 5_000 + "]" * 5_000 + "')", bounded),
        .jsonata(
            "partial functions of partial functions",
            "($f := $substring(?, 0, ?); $g := $f(?, 1); $g('abc'))",
            .either
        ),
        .jsonata("a thousand composed functions", "($f := function($x){$x}; 1" + " ~> $f" * 1_000 + ")", .either),
    ]
}
