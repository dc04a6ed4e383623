import Expressions
import Foundation
import JSON
import Testing

/// Everything that is nested as deeply as its bound allows, on stacks like those of the threads that run tasks.
@Suite("JSONata: stacks")
struct JSONataStackTests {
    private static let deepValue = "$reduce([1..490], function($a, $b) { [$a] }, 0)"
    private static let deepObject = "$reduce([1..490], function($a, $b) { {'a': $a} }, 0)"

    @Test(
        arguments: [
            "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(600))",
            "($f := function($n) { $n = 0 ? 0 : [1].($f($n - 1)) + 1 }; $f(300))",
            "($f := function($n) { $n = 0 ? 0 : $map([1, 2], function() { $f($n - 1) }) }; $f(5))",
            "($f := function($n) { $n = 0 ? 0 : $reduce([1, 2], function() { $f($n - 1) }) + 1 }; $f(200))",
            "($f := function($n) { $n = 0 ? 0 : $sort([1, 2], function() { $f($n - 1) > 0 })[0] }; $f(200))",
            "($f := function($n) { $n = 0 ? {} : {'a': $f($n - 1)} }; $count($f(400)))",
            "($f := function($n) { $n = 0 ? {} : {'a': $f($n - 1)} ~> |$|{'b': 1}| }; $count($f(100)))",
            "($f := function($n) { $n = 0 ? 'a' : $replace('a', /a/, function() { $f($n - 1) }) }; $f(200))",
            "($f := function($n) { $n = 0 ? 'a' : ($g := $f(?); 'b' & $g($n - 1)) }; $length($f(200)))",
            "\(deepValue) = \(deepValue)", "$boolean(\(deepValue))", "$string(\(deepValue)) != ''",
            "$distinct([\(deepValue), \(deepValue)])", "\(deepValue)", "\(deepObject) = \(deepObject)",
            "\(deepObject).**", "\(deepObject) ~> |$|{'b': 1}|", "$keys(\(deepValue))", "$spread(\(deepValue))",
            "$count(\(deepValue).*)", "$lookup(\(deepValue), 'a')", "\(deepValue).a", "[[\(deepValue)]].a",
            "$reduce([1..490], function($a, $b) { function() { $a } }, 0)()",
            "$reduce([1..490], function($a, $b) { $a ~> $a }, $uppercase)('a')",
            "$reduce([1..490], function($a, $b) { $append(?, $a) }, 0)(1)",
            "($m := function($s) { {'match': $s, 'start': 0, 'end': 1, 'groups': [], 'next': $m} }; $match('a', $m))",
            "$match($join([1..5000].'a'), /((((((((((a|b)*)*)*)*)*)*)*)*)*)*c/)",
        ]
    )
    func evaluationsFit(expression: String) throws {
        try SmallStack.run { _ = try? JSONata(expression).result() }
    }

    @Test(
        arguments: [
            String(repeating: "(", count: 119), String(repeating: "(", count: 59) + String(repeating: ")", count: 59),
            String(repeating: "[", count: 59) + String(repeating: "]", count: 59),
            String(repeating: "-", count: 119) + "1",
            String(repeating: "(", count: 100_000), "a" + String(repeating: "[a", count: 59),
            String(repeating: "{'':", count: 30) + "1" + String(repeating: "}", count: 30),
            String(repeating: "λ(){", count: 23) + "1" + String(repeating: "}", count: 23),
            "1" + String(repeating: "?1:1", count: 29), "1" + String(repeating: "+1", count: 59),
            "1" + String(repeating: "&1", count: 400),
            String(repeating: "[", count: 190) + String(repeating: "]", count: 190),
            "/\(String(repeating: "(", count: 95))a\(String(repeating: ")", count: 95))/",
        ]
        .map { LongText(text: $0) }
    )
    func parsingFits(text: LongText) throws {
        try SmallStack.run { _ = try? JSONata(text.text).result() }
    }

    @Test func deepInputFits() throws {
        let text = String(repeating: "[", count: 500) + "1" + String(repeating: "]", count: 500)
        let input = try JSONValue(parsing: text)
        for expression in ["$", "$ = $$", "$string($)", "$$[0]", "**", "$boolean($)", "$clone($)", "$distinct([$, $])"]
        {
            try SmallStack.run { _ = try? JSONata(expression).result(input) }
        }
    }
}

/// A thread with as much stack as those of tasks have.
enum SmallStack {
    static func run(_ body: @escaping @Sendable () -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = 512 * 1_024
        thread.start()
        try #require(done.wait(timeout: .now() + 60) == .success)
    }
}
