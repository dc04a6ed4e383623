import Foundation
import JSON
import StatesLanguage

/// Cases recorded from AWS Step Functions. They are not part of the repository: without them their suite is skipped.
enum RecordedCases {
    static let isAvailable = !names.isEmpty

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".json") }.sorted()
    }()

    static func read(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8))
    }

    private static let directory: String = {
        let root = ProcessInfo.processInfo.environment["STEPWELL_CONFORMANCE_DIR"] ?? "../shared/conformance"
        return root + "/asl/cases"
    }()
}

/// A definition that AWS was given, and what it said.
struct RecordedVerdict {
    let definition: String
    let type: MachineType
    /// `CODE: message at location`.
    var errors: [String] = []
}

extension JSONValue {
    /// Definitions of a case that became state machines.
    var acceptedDefinitions: [RecordedVerdict] {
        // Where the list of calls is not to be trusted, the list of machines is.
        guard self["calls_complete"]?.bool == true else {
            return (self["machines"]?.array ?? [])
                .map { machine in
                    RecordedVerdict(
                        definition: (machine["definition"] ?? .null).definitionText,
                        type: machine["type"]?.string.flatMap(MachineType.init) ?? .standard
                    )
                }
        }
        return calls { call in
            let operation = call["operation"]?.string
            return call["error"]?.string == nil && call["params"]?["definition"]?.isNull == false
                && (operation == "CreateStateMachine" || operation == "UpdateStateMachine")
        }
        .map { RecordedVerdict(definition: $0.sentDefinition, type: $0.sentType) }
    }

    /// Definitions of a case that were refused, with AWS's words.
    var refusals: [RecordedVerdict] {
        let messages = (self["recorded"]?.object?.values ?? []).compactMap(\.refusalMessage)
        return zip(calls { $0["error"]?.string == "InvalidDefinition" }, messages)
            .map { call, message in
                RecordedVerdict(
                    definition: call.sentDefinition,
                    type: call.sentType,
                    errors: message.separatedErrors
                )
            }
    }

    /// Definitions of a case that were validated, with AWS's diagnostics.
    var validations: [(definition: String, type: MachineType, isValid: Bool, diagnostics: [String])] {
        let answers = (self["recorded"]?.object?.values ?? []).filter { $0["diagnostics"] != nil }
        let calls = calls { $0["operation"]?.string == "ValidateStateMachineDefinition" }
        return zip(calls, answers)
            .map { call, answer in
                (
                    call.sentDefinition,
                    call.sentType,
                    answer["result"]?.string == "OK",
                    (answer["diagnostics"]?.array ?? [])
                        .map { diagnostic in
                            func text(_ key: String) -> String { diagnostic[key]?.string ?? "null" }
                            return "\(text("code")): \(text("message")) at \(text("location"))".withoutPlaceholders
                        }
                )
            }
    }

    private func calls(where isIncluded: (JSONValue) -> Bool) -> [JSONValue] {
        (self["calls"]?.array ?? []).filter { $0["params"]?["definition"] != nil && isIncluded($0) }
    }

    private var sentType: MachineType { self["params"]?["type"]?.string.flatMap(MachineType.init) ?? .standard }

    /// The definition of a call; a single state that was tested stands in a machine called as AWS calls it.
    private var sentDefinition: String {
        let definition = self["params"]?["definition"] ?? .null
        guard self["operation"]?.string == "TestState", definition["States"] == nil else {
            return definition.definitionText
        }
        return #"{"StartAt": "StateName", "States": {"StateName": \#(definition.definitionText)}}"#
    }

    /// What stands between the quotes of `Invalid State Machine Definition: '…'`.
    private var refusalMessage: String? {
        let text = self["exception_value"]?.string ?? self["Error"]?["Message"]?.string ?? ""
        guard let start = text.range(of: "Invalid State Machine Definition: '") else { return nil }
        return String(text[start.upperBound...].dropLast()).withoutPlaceholders
    }

    /// A definition of a recorded case as the text that was sent: placeholders are names again.
    var definitionText: String { (string ?? text).withoutPlaceholders }
}

extension String {
    fileprivate var withoutPlaceholders: String {
        let names = [
            ("<partition>", "aws"), ("<region>", "us-east-1"),
            ("\"activity_arn\"", "\"arn:aws:states:us-east-1:111111111111:activity:name\""),
            ("<lambda_function_name>", "name"), ("<lambda_function_1_name>", "name"),
            ("\"date\"", "\"2030-01-01T00:00:00Z\""),
        ]
        return names.reduce(self) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }

    /// A refusal's errors; each begins with its code.
    fileprivate var separatedErrors: [String] {
        var errors: [String] = []
        for part in components(separatedBy: ", ") {
            if Diagnostic.Code.allCases.contains(where: { part.hasPrefix($0.rawValue + ":") }) || errors.isEmpty {
                errors.append(part)
            } else {
                errors[errors.count - 1] += ", " + part
            }
        }
        return errors
    }
}
