import Expressions
import JSON
import Testing

@Suite("JSONata: the language")
struct JSONataLanguageTests {
    static let document: JSONValue = [
        "name": "Ann",
        "orders": [
            ["id": 1, "price": 20, "lines": [["sku": "a", "n": 2], ["sku": "b", "n": 1]]],
            ["id": 2, "price": 5, "lines": [["sku": "a", "n": 7]]],
        ],
        "one": [1],
    ]

    @Test(
        arguments: [
            JSONataRow("name", #""Ann""#),
            JSONataRow("missing", nil),
            JSONataRow("orders.price", "[20,5]"),
            JSONataRow("orders[price > 10].id", "1"),
            JSONataRow("orders[price > 10].id[]", "[1]"),
            JSONataRow("orders[-1].id", "2"),
            JSONataRow("orders[[0..1]].id", "[1,2]"),
            JSONataRow("one", "[1]"),
            JSONataRow("one.$", "1"),
            JSONataRow("orders.lines.sku", #"["a","b","a"]"#),
            JSONataRow("orders.[lines.sku]", #"[["a","b"],["a"]]"#),
            JSONataRow("orders.lines{sku: $sum(n)}", #"{"a":9,"b":1}"#),
            JSONataRow("orders^(price).id", "[2,1]"),
            JSONataRow("orders^(>price).id", "[1,2]"),
            JSONataRow("orders.lines.{'order': %.id, 'sku': sku}[0]", #"{"order":1,"sku":"a"}"#),
            JSONataRow("orders@$o.$o.lines.($o.id & sku)", #"["1a","1b","2a"]"#),
            JSONataRow("orders#$i.($i * 10 + id)", "[1,12]"),
            JSONataRow("**.sku", #"["a","b","a"]"#),
            JSONataRow("orders[0].*", #"[1,20,{"sku":"a","n":2},{"sku":"b","n":1}]"#),
            JSONataRow(
                "$ ~> |orders|{'price': price * 2}, 'lines'|",
                #"""
                {"name":"Ann","orders":[{"id":1,"price":40},{"id":2,"price":10}],"one":[1]}
                """#
            ),
        ]
    )
    func paths(row: JSONataRow) { row.check(Self.document) }

    @Test(
        arguments: [
            JSONataRow("1 + 2 * 3 - 4 / 2", "5"),
            JSONataRow("7 % 3 & 'x'", #""1x""#),
            JSONataRow("1 = 1.0 and 'a' < 'b' and not_there = 1", "false"),
            JSONataRow("2 in [1, 2] or false", "true"),
            JSONataRow("missing ?: 'x'", #""x""#),
            JSONataRow("0 ?? 5", "0"),
            JSONataRow("false ? 1", nil),
            JSONataRow("[1..3, 5]", "[1,2,3,5]"),
            JSONataRow("{'a': missing, 'b': null}", #"{"b":null}"#),
            JSONataRow("($a := 1; $b := function($x) { $a + $x }; $a := 10; $b(1))", "11"),
            JSONataRow("($add := function($x, $y) { $x + $y }; $inc := $add(1, ?); $inc(41))", "42"),
            JSONataRow("($two := $uppercase ~> $trim; $two(' a '))", #""A""#),
            JSONataRow("(function($n)<n:n> { $n })('x')", "!T0410"),
            JSONataRow("($f := function($n) { $n > 0 ? $f($n - 1) : 'done' }; $f(20000))", #""done""#),
            JSONataRow("($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(400))", "400"),
            JSONataRow("($x := 1; ($x := 2); $x)", "1"),
            JSONataRow(#""\u00e9\ud83d\ude00" ~> $length()"#, "2"),
            JSONataRow("/* nothing */ 1", "1"),
            JSONataRow("1 +", "!S0207"),
            JSONataRow("(1", "!S0203"),
            JSONataRow("'a' + 1", "!T2001"),
            JSONataRow("$nope()", "!T1006"),
            JSONataRow("substring('a', 1)", "!T1005"),
            JSONataRow("-(1 / 0 + 1)", "!D1001"),
            JSONataRow("$map([1, 2], function($v) { $filter([$v], function($w) { $w = 1 }) })", "[[1],[]]"),
            JSONataRow("$map([1, 2], function($v) { ($w := [$v]; $v = 1 ? $map($w, $string) : 0) })", #"[["1"],0]"#),
            JSONataRow("($f := function($v) { $keys($v) }; $map([{'a': 1}, {}], $f))", #"[["a"],[]]"#),
            JSONataRow("$map([{}], function($v) { $keys($v) })", "[]"),
            JSONataRow("($map([{}], function($v) { $keys($v) }))", nil),
            JSONataRow("($f := function($v) { $keys($v) }; [$f({'a': 1}), $f({})])", #"["a"]"#),
            JSONataRow("($f := function($v) { $keys($v) }; $f({'a': 1})[])", #"["a"]"#),
            JSONataRow("($f := function($v) { $keys($v)[] }; $f({'a': 1}))", #""a""#),
            JSONataRow("$each({'a': 1}, function($v) { $spread({'b': $v}) })", #"[{"b":1}]"#),
            JSONataRow("($f := function() { $uppercase() }; ['a', 'b'].$f())", #"["A","B"]"#),
            JSONataRow("($f := function() { $uppercase() & '!' }; ['a', 'b'].$f())", #"["!","!"]"#),
            JSONataRow("($f := function($x) { $sum($x) }; $f('a'))", "!T0412"),
            JSONataRow("[1, 2, 3][[2, 0, -1]]", "[1,3,3]"),
            JSONataRow("5[[0, -1]]", "[5,5]"),
            JSONataRow("({'a': ['x', 'y']}).a#$i[[1, 1]].$i", "[1,1]"),
            JSONataRow("$keys({'b': 1, '10': 2, '9': 3, 'a': 4, '01': 5})", #"["9","10","b","a","01"]"#),
            JSONataRow("{'b': 1, '1': 2, '-1': 3, '4294967295': 4, '4294967294': 5}.*", "[2,5,1,3,4]"),
            JSONataRow("$string({'b': 1, '2': {'1': 3, '0': 4}})", #""{\"2\":{\"0\":4,\"1\":3},\"b\":1}""#),
            JSONataRow("[[1..3]]", "[[1,2,3]]"),
            JSONataRow("[[1..3], 4]", "[[1,2,3],4]"),
            JSONataRow("[([1..3])]", "[1,2,3]"),
            JSONataRow("'alone'^($error('compared'))", #""alone""#),
            JSONataRow("[1, 'two', [3]]^($)", "!T2008"),
            JSONataRow("[[3], 1, 'two']^($)", "!T2007"),
            JSONataRow("[3, 1, 2, 5, 4]^($)", "[1,2,3,4,5]"),
            JSONataRow("[{'a': 1}]^(a = 1).a", "1"),
            JSONataRow("[{'a': 2, 'b': 0}, {'a': 1}]^(a, b = 0 ? $error('compared') : 0).a", "[1,2]"),
            JSONataRow("[{'a': 1, 'b': 0}, {'a': 1}]^(a, b = 0 ? $error('compared') : 0).a", "!D3137"),
            JSONataRow("[{'a': 1, 'b': 3}, {'a': 1, 'b': 2}, {'a': 0}]^(a, >b).b", "[3,2]"),
            JSONataRow("$sum = $sum", "true"),
            JSONataRow("$sum = $max", "false"),
            JSONataRow("($f := function() { 1 }; [$f = $f, $f = function() { 1 }])", "[true,false]"),
            JSONataRow("(function($a, $b) { $exists($b) })(?)(1, 2)", "false"),
            JSONataRow("$substring(?, 1)('abc', 1)", #""bc""#),
            JSONataRow("(|$|{'a': 1}|)()", "!T0410"),
            JSONataRow("(|$|{'a': 1}|)(nothing)", nil),
            JSONataRow("(|$|{'a': 1}|)({}, 2)", "!T0410"),
            JSONataRow(#"'\''"#, "!S0103"),
            JSONataRow("({'k': [{'a': 'x'}, {'a': 'y'}]}).k{a: a}[0]", #"{"x":"x"}"#),
            JSONataRow("(5){'a': 1}[0]", "!S0209"),
            JSONataRow("(function($a, $b, $c)<sn?s?> { [$b, $c] })('a', 'b')", #"["b"]"#),
        ]
    )
    func operatorsAndFunctions(row: JSONataRow) { row.check() }

    /// AWS shows the sentences of JSONata's own implementation.
    @Test(
        arguments: [
            ("'a' + 1", #"The left side of the "+" operator must evaluate to a number"#),
            ("1 - null", #"The right side of the "-" operator must evaluate to a number"#),
            ("1 < 'a'", #"The values 1 and "a" either side of operator "<" must be of the same data type"#),
            ("1 >= true", #"The expressions either side of operator ">=" must evaluate to numeric or string values"#),
            ("[1..2.5]", "The right side of the range operator (..) must evaluate to an integer"),
            ("-'a'", #"Cannot negate a non-numeric value: "a""#),
            ("1 / 0 * 1", "Number out of range: null"),
            ("{[1, {'a': 2}]: 2}", #"Key in object structure must evaluate to a string; got: [1,{"a":2}]"#),
            ("{1: 2}", "Key in object structure must evaluate to a string; got: 1"),
            ("{'a': 1, 'a': 2}", #"Multiple key definitions evaluate to same key: "a""#),
            ("substring('a', 1)", "Attempted to invoke a non-function. Did you mean $substring?"),
            ("1 ~> 2", "The right side of the function application operator ~> must be a function"),
            ("$length(1)", #"Argument 1 of function "length" does not match function signature"#),
            ("$substring('a', 'b')", #"Argument 2 of function "substring" does not match function signature"#),
            ("(1).$length()", #"Context value is not a compatible type with argument 1 of function "length""#),
            ("$sum(['a'])", #"Argument 1 of function "sum" must be an array of "numbers""#),
            ("function($n)<n:n> { $n }('x')", "Argument 1 of function does not match function signature"),
            ("$number('a')", #"Unable to cast value to a number: "a""#),
            ("$sqrt(-1)", "The sqrt function cannot be applied to a negative number: -1"),
            ("$replace('a', '', 'b')", "Second argument of replace function cannot be an empty string"),
            ("$split('a', 'b', -1)", "Third argument of split function must evaluate to a positive number"),
            (
                "$toMillis('x')",
                #"The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "x""#
            ),
            ("$single([])", "The $single() function expected exactly 1 matching result.  Instead it matched 0."),
            ("$error('boom')", "boom"), ("$assert(false, 'no')", "no"),
        ]
    )
    func errorsSayWhatTheyAreAbout(expression: String, reason: String) {
        #expect {
            _ = try JSONata(expression, dialect: .stepFunctions).result(nil)
        } throws: {
            ($0 as? JSONataError)?.reason == reason
        }
    }

    @Test func numbersThatAreOnlyPassedOnKeepTheirDigits() throws {
        let input = try JSONValue(parsing: #"{"id": 12345678901234567890, "x": 1.50}"#)
        #expect(try JSONata("{'a': id, 'b': x}").result(input)?.text == #"{"a":12345678901234567890,"b":1.50}"#)
        #expect(try JSONata("x + 0").result(input)?.text == "1.5")
    }

    @Test func variablesComeFromOutside() throws {
        let states: JSONValue = ["input": ["n": 2], "context": ["Execution": ["Id": "e"]]]
        let expression = try JSONata("$states.input.n * $factor & $states.context.Execution.Id")
        #expect(try expression.result(bindings: ["states": states, "factor": 21]) == "42e")
    }

    @Test func errorsPointAtTheirPlace() throws {
        let text = "$sum(1,\n  2 + )"
        let error = #expect(throws: JSONataError.self) { try JSONata(text) }
        #expect(error?.code == "S0211")
        #expect(
            error?.explained(in: text) == """
                S0211: The symbol ")" cannot be used as a unary operator
                  line 2, column 7
                      2 + )
                          ^
                """
        )
    }
}
