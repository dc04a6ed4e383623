import Foundation
import Interpreter
import JSON
import StatesLanguage

/// One recorded case: machines, functions, inputs, and what the real service answered.
struct ConformanceCase: Sendable {
    struct Machine: Sendable {
        var name: String
        var type: MachineType
        var definition: String
    }

    struct Execution: Sendable {
        var machine: String
        var input: JSONValue?
        var name: String?
        var isSynchronous: Bool
    }

    var id: String
    var services: [String]
    var functions: [JSONValue]
    var calls: [JSONValue]
    var machines: [Machine]
    var executions: [Execution]
    var recorded: JSONObject
    var final: JSONObject
    var notCompared: [String]
    var text: String
    /// What the case puts into S3, by `bucket/key`.
    var objects: [String: String]

    /// The folder of recorded cases; nil: not on this machine.
    static let directory: String? = {
        let path =
            ProcessInfo.processInfo.environment["STEPWELL_CONFORMANCE_DIR"]
            ?? FileManager.default.currentDirectoryPath + "/../shared/conformance"
        let cases = path + "/asl/cases"
        return FileManager.default.fileExists(atPath: cases) ? cases : nil
    }()

    static func all() throws -> [ConformanceCase] {
        guard let directory else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            .compactMap { name in
                guard name.hasSuffix(".json") else { return nil }
                let text = try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
                let readable = try withoutPlaceholdersInARNs(text)
                return ConformanceCase(try JSONValue(parsing: readable), text: readable)
            }
    }

    /// Placeholders inside an ARN make it something else: names take their place.
    private static func withoutPlaceholdersInARNs(_ text: String) throws -> String {
        var text = text.replacing("<partition>", with: "aws").replacing("<region>", with: "us-east-1")
            .replacing("activity_arn", with: "arn:aws:states:us-east-1:111111111111:activity:activity_name")
        for function in try JSONValue(parsing: text)["functions"]?.array ?? [] {
            guard let name = function["name"]?.string, name.hasPrefix("<"), name.hasSuffix(">") else { continue }
            text = text.replacing(name, with: name.dropFirst().dropLast())
        }
        return text
    }

    private init?(_ value: JSONValue, text: String) {
        guard let id = value["id"]?.string, let recorded = value["recorded"]?.object else { return nil }
        self.id = id
        self.text = text
        self.recorded = recorded
        services = value["services"]?.array?.compactMap(\.string) ?? []
        functions = value["functions"]?.array ?? []
        calls = value["calls"]?.array ?? []
        machines = (value["machines"]?.array ?? [])
            .compactMap { machine in
                guard let name = machine["name"]?.string, let definition = machine["definition"] else { return nil }
                let type = machine["type"]?.string.flatMap(MachineType.init(rawValue:)) ?? .standard
                return Machine(name: name, type: type, definition: definition.string ?? definition.text)
            }
        executions = (value["executions"]?.array ?? [])
            .compactMap { execution in
                guard let machine = execution["machine"]?.string else { return nil }
                return Execution(
                    machine: machine,
                    input: execution["input"],
                    name: execution["name"]?.string,
                    isSynchronous: execution["sync"]?.bool ?? false
                )
            }
        objects = [:]
        for call in value["calls"]?.array ?? [] where call["operation"]?.string?.lowercased() == "putobject" {
            guard let bucket = call["params"]?["Bucket"]?.string, let key = call["params"]?["Key"]?.string else {
                continue
            }
            objects["\(bucket)/\(key)"] = call["params"]?["Body"].map { $0.string ?? $0.text }
        }
        final = value["final"]?.object ?? [:]
        notCompared = value["not_compared"]?.array?.compactMap(\.string) ?? []
    }

    /// What stands for the role that the test gave its machines.
    var roleARN: String {
        let recorded = histories.first?.events.first?["executionStartedEventDetails"]?["roleArn"]?.string
        if let recorded, recorded.contains("<resource:") { return recorded }
        return text.contains("sfn_role_arn") && !text.contains("snf_role_arn") ? "sfn_role_arn" : "snf_role_arn"
    }

    /// What the services that Tasks called answered, in order, by `service:action`.
    var replies: [String: [Outcome]] {
        var replies: [String: [Outcome]] = [:]
        for (event, details, isCallback) in answers where !isCallback {
            guard let service = details["resourceType"]?.string, let resource = details["resource"]?.string,
                !["aws-sdk:sfn", "lambda", "states"].contains(service)
            else { continue }
            let action = resource.replacing(".waitForTaskToken", with: "")
            replies["\(service):\(action)", default: []].append(Self.outcome(event, details))
        }
        return replies
    }

    /// What those answered that got task tokens of services.
    var callbacks: [Outcome] {
        answers.filter { $0.isCallback && $0.details["resourceType"]?.string != "lambda" }
            .map { Self.outcome($0.event, $0.details) }
    }

    /// The events with which work has ended, and whether it was somebody else's than the service's.
    private var answers: [(event: JSONValue, details: JSONValue, isCallback: Bool)] {
        histories.flatMap { history -> [(event: JSONValue, details: JSONValue, isCallback: Bool)] in
            var isSubmitted = false
            return history.events.compactMap { event in
                if event["type"] == "TaskScheduled" { isSubmitted = false }
                let submitted = event["taskSubmittedEventDetails"]
                let ended = event["taskSucceededEventDetails"] ?? event["taskFailedEventDetails"]
                guard let details = submitted ?? ended else { return nil }
                defer { if submitted != nil { isSubmitted = true } }
                return (event, details, isSubmitted)
            }
        }
    }

    private static func outcome(_ event: JSONValue, _ details: JSONValue) -> Outcome {
        if let output = details["output"] { return .succeeded(JSONDocument(trusted: output.string ?? output.text)) }
        return .failed(
            error: details["error"]?.string ?? "",
            cause: details["cause"].map { $0.string ?? $0.text } ?? ""
        )
    }

    /// What the logs have: all events, or the last one.
    var logs: [JSONValue]? {
        recorded["logged_execution_events"]?.array ?? recorded["end_event"].map { [$0] }
    }

    /// What the logs are to have.
    var logging: ExecutionLogging {
        let configured = calls.compactMap { $0["params"]?["loggingConfiguration"] }.first
        return configured.map { ExecutionLogging($0) } ?? ExecutionLogging(level: .all, includesData: true)
    }

    /// The histories, by their key, in the order of recording.
    var histories: [(key: String, events: [JSONValue])] {
        recorded.compactMap { key, value in
            let events = value["events"]?.array ?? value.array
            guard let events, events.first?["previousEventId"] != nil else { return nil }
            return (key, events.first?["id"]?.number?.integer == 1 ? events : events.reversed())
        }
    }
}
