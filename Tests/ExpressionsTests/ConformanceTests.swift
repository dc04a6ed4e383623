import Expressions
import Foundation
import JSON
import Testing

/// Definitions recorded from AWS: every expression in a JSONPath state of a machine that AWS accepted must compile.
@Suite("Recorded definitions", .enabled(if: ConformanceCases.areAvailable))
struct ConformanceTests {
    @Test("every path and template compiles")
    func everythingCompiles() throws {
        var walker = DefinitionWalker()
        for file in try ConformanceCases.files() {
            let text = try String(contentsOf: file, encoding: .utf8)
            let document = try JSONValue(parsing: text)
            for machine in document["machines"]?.array ?? [] where machine["definition"]?.object != nil {
                walker.file = file.lastPathComponent
                walker.walkMachine(machine["definition"] ?? .null, language: "JSONPath")
            }
        }
        #expect(walker.faults == [])
        #expect(walker.compiled > 500)
    }
}

enum ConformanceCases {
    static let directory: URL = {
        if let path = ProcessInfo.processInfo.environment["STEPWELL_CONFORMANCE_DIR"] {
            return URL(fileURLWithPath: path)
        }
        let package = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized
        return package.appendingPathComponent("../shared/conformance").standardized
    }()

    static var cases: URL { directory.appendingPathComponent("asl/cases") }

    static var areAvailable: Bool { FileManager.default.fileExists(atPath: cases.path) }

    static func files() throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: cases, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
    }
}

/// Finds the expressions of a definition by the names of their fields.
struct DefinitionWalker {
    var file = ""
    private(set) var compiled = 0
    private(set) var faults: [String] = []

    mutating func walkMachine(_ machine: JSONValue, language: String) {
        let language = machine["QueryLanguage"]?.string ?? language
        for (_, state) in machine["States"]?.object ?? [:] { walkState(state, language: language) }
    }

    private mutating func walkState(_ state: JSONValue, language: String) {
        let language = state["QueryLanguage"]?.string ?? language
        for key in ["ItemProcessor", "Iterator"] { walkMachine(state[key] ?? .null, language: language) }
        for branch in state["Branches"]?.array ?? [] { walkMachine(branch, language: language) }
        if language == "JSONPath" { walkFields(state) }
    }

    private mutating func walkFields(_ fields: JSONValue) {
        for (key, value) in fields.object ?? [:] {
            switch key {
            case "Result", "States": continue
            case "Parameters", "ResultSelector", "ItemSelector", "Assign", "BatchInput", "Credentials":
                for fault in PayloadTemplate.compile(value).faults { report("\(fault.keys): \(fault.reason)") }
                compiled += 1
            case "ResultPath": compile(value) { (text) throws(ExpressionSyntaxError) in _ = try ReferencePath(text) }
            case "ErrorPath", "CausePath":
                compile(value) { (text) throws(ExpressionSyntaxError) in _ = try TemplateExpression(text) }
            case "Variable",
                _ where key.hasSuffix("Path"):
                compile(value) { (text) throws(ExpressionSyntaxError) in _ = try Path(text) }
            default:
                walkFields(value)
                for element in value.array ?? [] { walkFields(element) }
            }
        }
    }

    private mutating func compile(_ value: JSONValue, _ parse: (String) throws(ExpressionSyntaxError) -> Void) {
        guard let text = value.string else { return }
        do throws(ExpressionSyntaxError) {
            try parse(text)
            compiled += 1
        } catch {
            report("\(text): \(error)")
        }
    }

    private mutating func report(_ fault: String) {
        faults.append("\(file): \(fault)")
    }
}
