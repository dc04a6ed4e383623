import ArgumentParser
import Expressions
import JSON
import StatesLanguage

struct MemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "The interpreter, JSON and JSONPath alone, without a database."
    )

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() async throws {
        let document = "[" + Array(repeating: Workload.input, count: 1000).joined(separator: ",") + "]"
        let scope = Scope(input: try JSONValue(parsing: document))
        let path = try Path("$[*].items[0].price")
        let definition = Workload.chain.definition
        let chain = try InterpreterRun(.chain)
        let input = JSONDocument(trusted: Workload.input)
        let report = try InMemoryCase.report(
            "memory",
            [
                InMemoryCase(name: "parse JSON", bytes: document.utf8.count) { _ = try JSONValue(parsing: document) },
                InMemoryCase(name: "write JSON", bytes: document.utf8.count) { _ = scope.input.text },
                InMemoryCase(name: "JSONPath with 1,000 matches") { _ = try path.evaluate(in: scope) },
                InMemoryCase(name: "parse and validate a definition", bytes: definition.utf8.count) {
                    _ = Definition(parsing: definition)
                },
                InMemoryCase(name: "interpret three Tasks") { try chain.run(input: input) },
            ]
        )
        report.show(json: json)
    }
}
