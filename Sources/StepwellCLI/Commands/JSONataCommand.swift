import ArgumentParser
import Expressions
import Foundation
import JSON

/// Evaluates JSONata, for people who try an expression out and for programs that measure the implementation.
struct JSONataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jsonata",
        abstract: "Evaluate a JSONata expression.",
        discussion: """
            Prints the result as JSON, and nothing where the expression finds nothing. Without a file the input is \
            undefined.

              stepwell jsonata '$sum(orders.price)' orders.json
              echo '{"a": 1}' | stepwell jsonata 'a + 1' -
            """
    )

    @Argument(help: "An expression, without {% and %}.")
    var expression: String?

    @Argument(help: "The input as JSON; - reads standard input.")
    var file: String?

    @Flag(
        help: ArgumentHelp(
            "Answer lines of JSON on standard input, each a case with id, expr and data, one line each.",
            discussion: "The functions are those of plain JSONata."
        )
    )
    var cases = false

    func validate() throws {
        if cases == (expression != nil) { throw ValidationError("Give an expression, or --cases and nothing else.") }
    }

    func run() throws {
        guard let expression else {
            while let line = readLine() { Console.show(Self.answer(line).text) }
            return
        }
        var input: JSONValue?
        if let file {
            let text = try InputFile.read(file)
            do throws(JSONSyntaxError) {
                input = try JSONValue(parsing: text)
            } catch {
                throw Failure(.refused, "the input is not JSON: \(error)", at: file)
            }
        }
        do throws(JSONataError) {
            let environment = JSONataEnvironment(now: .now)
            if let result = try JSONata(expression).evaluate(input: input, environment: environment) {
                Console.show(result)
            }
        } catch {
            throw Failure(.negative, error.explained(in: expression))
        }
    }

    /// The answer to a line of `--cases`.
    private static func answer(_ line: String) -> JSONValue {
        guard let request = try? JSONValue(parsing: Surrogates.replaceEscapes(in: line)),
            let text = request["expr"]?.string
        else { return ["error": "a case is an object with expr"] }
        var bounds = JSONataBounds()
        if let limit = request["timelimit"]?.number?.double, limit.isFinite {
            bounds.steps = 10_000_000
            bounds.time = .milliseconds(limit)
        }
        if let depth = request["depth"]?.number?.exactly(Int.self) { bounds.depth = min(bounds.depth, depth) }
        var bindings: [String: JSONValue] = [:]
        for (name, value) in request["bindings"]?.object ?? [:] { bindings[name] = value }
        do throws(JSONataError) {
            let expression = try JSONata(text, dialect: .standard)
            let result = try expression.evaluate(
                input: request["data"],
                bindings: bindings,
                environment: JSONataEnvironment(now: .now),
                bounds: bounds
            )
            guard let result else { return ["undefined": true] }
            return ["result": result]
        } catch {
            return ["error": .string(error.code)]
        }
    }
}

extension Timestamp {
    fileprivate static var now: Timestamp {
        Timestamp(microseconds: Int64(Date.now.timeIntervalSince1970 * 1_000_000))
    }
}
