import Expressions
import JSON
import Testing

/// Random expressions, some of them damaged: whatever parses also evaluates, to a value or a named error.
@Suite("Random expressions")
struct FuzzTests {
    @Test("twelve thousand of them", arguments: 0..<4)
    func random(seed: Int) throws {
        var maker = ExpressionMaker(seed: UInt64(seed))
        let input = try JSONValue(parsing: #"{"a":[1,{"a":"x","b":[null,2.5]},[]],"b":{"a":{"b":"y"},"길":-1},"":0}"#)
        let scope = Scope(input: input, context: input["b"] ?? .null, variables: ["v": input])
        var evaluated = 0
        for _ in 0..<3_000 {
            let text = maker.text()
            let expression: TemplateExpression
            do throws(ExpressionSyntaxError) {
                expression = try TemplateExpression(text)
            } catch {
                #expect((0...text.utf8.count).contains(error.offset), "\(text)")
                continue
            }
            do throws(ExpressionError) {
                _ = try expression.evaluate(in: scope, random: &maker.random)
                evaluated += 1
            } catch {
                #expect(["States.Runtime", "States.IntrinsicFailure"].contains(error.error), "\(text)")
            }
            for path in expression.paths {
                #expect(try Path(path.text) == path)
                _ = try path.find(in: scope)
            }
            if let path = try? ReferencePath(text) { _ = try? path.put(true, into: input) }
        }
        #expect(evaluated > 300)
    }
}

/// Makes expressions from the grammar, then damages every other one.
private struct ExpressionMaker {
    var random: Splitting
    private var depth = 0

    init(seed: UInt64) { random = Splitting(state: seed) }

    mutating func text() -> String {
        var text = Array((Bool.random(using: &random) ? path() : call()).unicodeScalars)
        guard Bool.random(using: &random) else { return String(String.UnicodeScalarView(text)) }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...text.count, using: &random)
            if place < text.count, Bool.random(using: &random) {
                text.remove(at: place)
            } else {
                text.insert(
                    contentsOf: pick("$", ".", "[", "]", "(", ")", "'", "\\", "9", "-", "\u{0}", "길").unicodeScalars,
                    at: place
                )
            }
        }
        return String(String.UnicodeScalarView(text))
    }

    private mutating func pick(_ choices: String...) -> String {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    private mutating func path() -> String {
        pick("$", "$", "$", "$$", "$v") + steps() + pick("", "", "", ".length()")
    }

    private mutating func steps() -> String {
        depth += 1
        defer { depth -= 1 }
        var steps = ""
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let filter = depth < 3 ? "[?(\(condition()))]" : "[*]"
            steps += pick(
                ".a",
                ".b",
                ".길",
                "['a']",
                "[\"b\"]",
                "['a','b']",
                "[0]",
                "[-1]",
                "[0,1]",
                "[1:]",
                "[::2]",
                "[5:-9:-3]",
                ".*",
                "[*]",
                "..a",
                "..*",
                filter,
                filter
            )
        }
        return steps
    }

    private mutating func condition() -> String {
        let comparator = pick(
            "==",
            "!=",
            "<",
            ">=",
            " in ",
            " nin ",
            " contains ",
            " size ",
            " empty ",
            " subsetof ",
            " anyof "
        )
        let test = operand() + comparator + operand()
        return pick(test, test, "@" + steps(), "!(" + test + ")", test + " && @.a", "(@.b || " + test + ")")
    }

    private mutating func operand() -> String {
        let path = "@" + steps()
        return pick(path, path, "$" + steps(), "'x'", "\"y\"", "1", "-2.5", "1e3", "true", "null", "['x', 1]")
    }

    private mutating func call() -> String {
        depth += 1
        defer { depth -= 1 }
        let one = argument()
        let two = argument()
        return pick(
            "States.Array(\(one),\(two))",
            "States.Format('{} \\{', \(one))",
            "States.MathAdd(\(one), \(two))",
            "States.UUID()",
            "States.ArrayRange(\(one), \(two), 1)",
            "States.Hash(\(one),'MD5')",
            "States.StringSplit(\(one), \(two))",
            "States.JsonToString(\(one))",
            "States.ArrayUnique(\(one))",
            "States.ArrayPartition(\(one), \(two))",
            "States.ArrayGetItem(\(one),\(two))",
            "States.ArrayContains(\(one),\(two))",
            "States.StringToJson(\(one))",
            "States.JsonMerge(\(one),\(two),false)",
            "States.MathRandom(\(one),\(two))",
            "States.Base64Decode(\(one))"
        )
    }

    private mutating func argument() -> String {
        let nested = depth < 4 ? call() : "0"
        return pick(path(), path(), nested, "'a,b'", "''", "-1", "2.5", "1e30", "null", "false", "[]")
    }
}

private struct Splitting: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 33)
    }
}
