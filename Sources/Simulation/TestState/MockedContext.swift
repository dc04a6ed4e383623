import JSON

/// Checks the context object that a test brings along.
struct MockedContext {
    private static let objects: [String: [String: Kind]] = [
        "Execution": [
            "Id": .string, "Input": .anything, "Name": .string, "RoleArn": .string, "StartTime": .string,
            "RedriveCount": .number, "RedriveTime": .string,
        ],
        "State": ["EnteredTime": .string, "Name": .string, "RetryCount": .number],
        "StateMachine": ["Id": .string, "Name": .string],
        "Task": ["Token": .string],
    ]

    private enum Kind: String {
        case string = "a string"
        case number = "a number"
        case anything

        func accepts(_ value: JSONValue) -> Bool {
            switch self {
            case .string: value.string != nil
            case .number: value.number != nil
            case .anything: true
            }
        }
    }

    let value: JSONValue

    /// - Throws: What AWS finds wrong with a context object.
    init(_ text: String) throws(TestStateError) {
        guard let value = try? JSONValue(parsing: text), let members = value.object else {
            throw Self.invalid("it must be a JSON object")
        }
        self.value = value
        for (name, member) in members {
            if name == "Map" { throw Self.invalid("'Map' field is not supported when mocking a Context object") }
            guard let fields = Self.objects[name] else { throw Self.invalid("Field '\(name)' is not allowed") }
            guard let object = member.object else { throw Self.invalid("\(name) must be an object") }
            for (field, content) in object {
                guard let kind = fields[field] else { throw Self.invalid("Field '\(field)' is not allowed") }
                guard kind.accepts(content) else {
                    throw Self.invalid("\(name).\(field) must be \(kind.rawValue)")
                }
            }
        }
    }

    private static func invalid(_ reason: String) -> TestStateError {
        TestStateError(.validation, "Invalid Context object provided: \(reason)")
    }
}
