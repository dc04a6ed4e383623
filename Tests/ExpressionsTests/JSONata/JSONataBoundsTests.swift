import Expressions
import JSON
import Testing

@Suite("JSONata: bounds")
struct JSONataBoundsTests {
    @Test(
        arguments: [
            "$pad('', 1e9)", "$pad('', -1e300)", "[1..1e7]", "$map([1..1e6], function($i) { [1..1e6] })",
            "($f := function() { 1 + $f() }; $f())", "($f := function() { $f() }; $f())",
            "($f := function($s, $n) { $n = 0 ? $s : $f([[$s]], $n - 1) }; $f(1, 100000))",
            "($f := function($g, $n) { $n = 0 ? $g : $f(function() { $g() }, $n - 1) }; $f(1, 100000))",
            "($f := function($g, $n) { $n = 0 ? $g : $f($g ~> $g, $n - 1) }; $f($uppercase, 100000))",
            "($f := function($s) { $f($s & $s) }; $f('ab'))", "($f := function($a) { $f($append($a, $a)) }; $f([1]))",
            "$match($pad('', 40, 'a') & 'b', /(a+)+$/)", "$replace($pad('', 50000, 'a'), 'a', $pad('', 50000, 'b'))",
            "$join($map([1..10000], function() { $pad('', 10000) }))", "$split($pad('', 2e7, 'a'), '')",
            "($o := {}; $f := function($o) { $f($o ~> |$|{'a': $}|) }; $f({}))",
            "$reduce([1..100000], function($a, $b) { [$a, $a] })", "$formatNumber(1, $pad('', 5e7, '0'))",
            "($x := [1..1000]; $x.($x.($x.($x))))", "$sort([1..100000], function() { $sort([1..100000]) })",
            // Values that share parts have few of them and many ways to them.
            "($f := function() { $reduce([1..60], function($a, $b) { [[$a], [$a]] }, 0) }; $f() = $f())",
            "($f := function() { $reduce([1..60], function($a, $b) { {'a': $a, 'b': $a} }, 0) }; $f() = $f())",
            "($f := function() { $reduce([1..60], function($a, $b) { [[$a], [$a]] }, 0) }; $f() in [[$f()]])",
            "($f := function() { $reduce([1..60], function($a, $b) { [[$a], [$a]] }, 0) }; $distinct([$f(), $f()]))",
            "$boolean($reduce([1..60], function($a, $b) { [[$a], [$a]] }, 0))",
            "$spread($reduce([1..60], function($a, $b) { [[$a], [$a]] }, 0))",
            "$keys($reduce([1..60], function($a, $b) { [[$a], [$a]] }, {'a': 1}))",
            "$string($reduce([1..60], function($a, $b) { {'a': $a, 'b': $a} }, 0))",
            "$reduce([1..60], function($a, $b) { {'a': $a, 'b': $a} }, 0)",
            "$reduce([1..60], function($a, $b) { [$a, [$a]] }, 0).**",
            "[1..1000].$contains($pad('', 4000, 'a') & 'b', /(a|aa)+$/)",
            "[1..100000].$contains($pad('', 12, 'a') & 'b', /(a+)+$/)",
            "$replace($pad('', 20000, 'a'), /a+/, $pad('', 20000, '$0'))", "$fromMillis(0, $pad('', 3000, '[Y]'))",
            "$toMillis('1', $pad('', 3000, '[Y]'))", "$formatInteger(1, $pad('', 3000, '0'))",
            "$merge([1..1000000].{$string($): $})", "[1..1000000]{$string($): $}", "[1..1000000]^(>$)",
            "($m := function() { {'match': 'a', 'start': 0, 'end': 1, 'groups': [], 'next': $m} }; $match('a', $m))",
        ]
    )
    func hostileExpressionsEndInAnError(expression: String) throws {
        let error = #expect(throws: JSONataError.self) { try JSONata(expression).result() }
        #expect(error?.code == "U1001")
    }

    @Test(
        arguments: [
            String(repeating: "(", count: 100_000), String(repeating: "[", count: 100_000),
            String(repeating: "-", count: 100_000) + "1", "1" + String(repeating: " + 1", count: 100_000),
            "a" + String(repeating: ".a", count: 100_000), "a" + String(repeating: "[0]", count: 100_000),
            String(repeating: "function(){", count: 10_000), "1" + String(repeating: " ? 1 : 1", count: 10_000),
        ]
        .map { LongText(text: $0) }
    )
    func deepTextIsRefused(text: LongText) throws {
        let error = #expect(throws: JSONataError.self) { try JSONata(text.text) }
        #expect(error?.code == "U1001")
    }

    @Test func everyBoundHasItsOwnSentence() throws {
        func reason(_ expression: String, _ bounds: JSONataBounds) throws -> String? {
            #expect(throws: JSONataError.self) { try JSONata(expression).result(bounds: bounds) }?.reason
        }
        #expect(try reason("[1..9].$", JSONataBounds(steps: 3))?.contains("more than 3 steps") == true)
        #expect(try reason("((((1))))", JSONataBounds(depth: 3))?.contains("deeper than 3 levels") == true)
        #expect(try reason("[1..99]", JSONataBounds(allocatedBytes: 100))?.contains("100 bytes of memory") == true)
        #expect(try reason("'abcdef'", JSONataBounds(outputBytes: 5))?.contains("5 bytes as JSON") == true)
    }

    @Test(
        arguments: [
            "$sum([1..1000].$)", "$.a", "**", "$string($)", "[1..20].($x := $$; $x[0]; {'x': $x})",
        ]
    )
    func lookingIntoTheInputIsCounted(expression: String) throws {
        let input = JSONValue.array((0..<2_000).map { ["a": .number(JSONNumber($0))] })
        let error = #expect(throws: JSONataError.self) {
            try JSONata(expression).result(input, bounds: JSONataBounds(steps: 100))
        }
        #expect(error?.code == "U1001")
    }

    @Test func anInputThatIsHandedOnCostsNothing() throws {
        let input = JSONValue.array((0..<2_000).map { ["a": .number(JSONNumber($0))] })
        let bounds = JSONataBounds(steps: 1_000, allocatedBytes: 2_000)
        #expect(try JSONata("{'all': $}").result(["x": input], bounds: bounds) == ["all": ["x": input]])
    }

    @Test func aClockThatHasRunOutEndsTheEvaluation() throws {
        let expression = try JSONata("1")
        let late = JSONataEnvironment(now: Timestamp(microseconds: 0), elapsed: { .seconds(9) })
        let error = #expect(throws: JSONataError.self) { try expression.evaluate(input: nil, environment: late) }
        #expect(error?.reason.contains("longer than 5.0 seconds") == true)
    }
}
