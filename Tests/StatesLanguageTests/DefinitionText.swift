import StatesLanguage
import Testing

/// Definitions around the part that a test is about.
enum Text {
    static let function = "arn:aws:lambda:us-east-1:123456789012:function:process_order"

    /// A machine with the one state `A`.
    static func machine(_ state: String) -> String { #"{"StartAt": "A", "States": {"A": \#(state)}}"# }

    /// A machine of one type's smallest valid state, with more fields.
    static func state(_ type: String, _ fields: String = "") -> String {
        machine(#"{"Type": "\#(type)"\#(required[type] ?? "")\#(fields.isEmpty ? "" : ", " + fields)}"#)
    }

    static func task(_ fields: String) -> String { state("Task", fields) }

    static func pass(_ fields: String) -> String { state("Pass", fields) }

    static func wait(_ fields: String) -> String { machine(#"{"Type": "Wait", "End": true, \#(fields)}"#) }

    static func fail(_ fields: String) -> String { state("Fail", fields) }

    static func map(_ fields: String) -> String { state("Map", fields) }

    /// A Choice with one rule, which leads to itself or to an end.
    static func choice(_ rule: String) -> String { choices("[{\(rule)}]") }

    static func choices(_ list: String, _ fields: String = "") -> String {
        #"""
        {"StartAt": "A", "States": {
          "A": {"Type": "Choice", "Choices": \#(list), "Default": "B"\#(fields)}, "B": {"Type": "Succeed"}
        }}
        """#
    }

    /// A machine whose Task `A` has a catcher that leads to `B`.
    static func catching(_ list: String) -> String {
        #"""
        {"StartAt": "A", "States": {
          "A": {"Type": "Task", "Resource": "\#(function)", "Catch": \#(list), "Next": "B"}, "B": {"Type": "Succeed"}
        }}
        """#
    }

    static let branch = #"{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}"#

    private static let required = [
        "Pass": #", "End": true"#,
        "Task": #", "Resource": "\#(function)", "End": true"#,
        "Choice": #", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "A"}], "Default": "A""#,
        "Wait": #", "Seconds": 1, "End": true"#,
        "Parallel": #", "Branches": [\#(branch)], "End": true"#,
        "Map": #", "ItemProcessor": \#(branch), "End": true"#,
    ]
}

extension Definition {
    /// What was found, one line each: `ERROR CODE at /place: message`.
    var lines: [String] {
        diagnostics.map { diagnostic in
            let place = diagnostic.location.isEmpty ? "" : " at \(diagnostic.location)"
            return "\(diagnostic.severity.rawValue) \(diagnostic.code.rawValue)\(place): \(diagnostic.message)"
        }
    }

    var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// A rule of the validation: a definition that breaks it and everything that is said about it.
struct Rule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let definition: String
    let lines: [String]

    init(_ description: String, _ definition: String, _ lines: String...) {
        self.init(description, definition, lines: lines)
    }

    private init(_ description: String, _ definition: String, lines: [String]) {
        testDescription = description
        self.definition = definition
        self.lines = lines
    }

    /// The same with one more line.
    func with(_ line: String) -> Rule { Rule(testDescription, definition, lines: lines + [line]) }

    /// A rule of the commonest code: `SCHEMA_VALIDATION_FAILED` at one place.
    static func schema(_ description: String, _ definition: String, at place: String, _ message: String) -> Rule {
        Rule(description, definition, "ERROR SCHEMA_VALIDATION_FAILED at \(place): \(message)")
    }
}
