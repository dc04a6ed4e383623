import Expressions
import Foundation
import JSON
import Testing

/// The cases of the official JSONata suite that are at hand.
@Suite("JSONata conformance", .enabled(if: JSONataSuite.isAvailable))
struct JSONataConformanceTests {
    @Test func everyCaseGivesTheExpectedAnswer() throws {
        let suite = try JSONataSuite()
        let failures = suite.cases.compactMap { $0.failure() }
        #expect(failures == [])
        #expect(suite.cases.count > 1_000)
        print("JSONata: \(suite.cases.count - failures.count) of \(suite.cases.count) cases pass")
    }

    /// Step Functions has no `$eval`, so that what an expression does can be read in the definition; in all else its
    /// expressions are JSONata.
    @Test func stepFunctionsDiffersByEvalAlone() throws {
        let differing = try JSONataSuite().cases.filter { $0.failure(dialect: .stepFunctions) != nil }
        #expect(
            differing.map(\.name) == [
                "function-eval/case000.json#0", "function-eval/case001.json#0", "function-eval/case002.json#0",
                "function-eval/case003.json#0", "function-eval/case004.json#0", "function-eval/case005.json#0",
                "function-eval/case007.json#0",
            ]
        )
    }
}

/// The files of the suite.
struct JSONataSuite {
    static var directory: URL { ConformanceCases.directory.appendingPathComponent("jsonata") }
    static var isAvailable: Bool { FileManager.default.fileExists(atPath: directory.path) }

    let cases: [JSONataCase]

    init() throws {
        var datasets: [String: JSONValue] = [:]
        for file in try Self.contents(of: Self.directory.appendingPathComponent("datasets")) {
            datasets[file.deletingPathExtension().lastPathComponent] = try Self.json(file)
        }
        var cases: [JSONataCase] = []
        for group in try Self.contents(of: Self.directory.appendingPathComponent("groups")) {
            for file in try Self.contents(of: group) where file.pathExtension == "json" {
                let content = try Self.json(file)
                for (place, fields) in (content.array ?? [content]).enumerated() {
                    let name = "\(group.lastPathComponent)/\(file.lastPathComponent)#\(place)"
                    let text =
                        try fields["expr-file"]?.string
                        .map { try String(contentsOf: group.appendingPathComponent($0), encoding: .utf8) }
                    cases.append(
                        JSONataCase(
                            name: name,
                            fields: fields,
                            expression: text ?? fields["expr"]?.string ?? "",
                            input: fields["data"] ?? fields["dataset"]?.string.flatMap { datasets[$0] }
                        )
                    )
                }
            }
        }
        self.cases = cases
    }

    private static func contents(of directory: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }

    private static func json(_ file: URL) throws -> JSONValue {
        try JSONValue(parsing: Surrogates.replaceEscapes(in: try String(contentsOf: file, encoding: .utf8)))
    }
}

struct JSONataCase {
    let name: String
    let fields: JSONValue
    let expression: String
    let input: JSONValue?

    /// What is wrong with the answer; nil if nothing is.
    func failure(dialect: JSONataDialect = .standard) -> String? {
        // Time is not measured here: the step bound ends what runs forever, on any machine.
        var bounds = JSONataBounds(steps: fields["timelimit"] == nil ? 1_000_000 : 10_000_000, time: .seconds(60))
        if let depth = fields["depth"]?.number?.exactly(Int.self) { bounds.depth = depth }
        var bindings: [String: JSONValue] = [:]
        for (name, value) in fields["bindings"]?.object ?? [:] { bindings[name] = value }
        let code = fields["code"]?.string ?? fields["error"]?["code"]?.string
        let found: JSONValue?
        do throws(JSONataError) {
            found = try JSONata(expression, dialect: dialect)
                .evaluate(
                    input: input,
                    bindings: bindings,
                    environment: JSONataEnvironment(now: Timestamp(microseconds: 1_700_000_000_000_000)),
                    bounds: bounds
                )
        } catch {
            return error.code == code ? nil : "\(name): \(expression): \(error)"
        }
        guard code == nil else { return "\(name): \(expression): no error" }
        if fields["undefinedResult"] != nil { return found == nil ? nil : "\(name): \(expression): not undefined" }
        let isRight = found.map { isExpected($0) } ?? false
        return isRight ? nil : "\(name): \(expression): \(found?.text ?? "undefined")"
    }

    private func isExpected(_ found: JSONValue) -> Bool {
        guard let expected = fields["result"] else { return false }
        if fields["unordered"]?.bool == true, let left = found.array, let right = expected.array {
            return left.count == right.count && left.allSatisfy { item in right.contains { $0.isSame(as: item) } }
        }
        return found.isSame(as: expected)
    }
}
