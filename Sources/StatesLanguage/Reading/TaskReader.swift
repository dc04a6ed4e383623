import Expressions
import JSON

extension StateReader {
    func readTask() -> State.Kind? {
        let timeout = readSeconds("TimeoutSeconds")
        let heartbeat = readSeconds("HeartbeatSeconds")
        if case .constant(let timeout) = timeout, case .constant(let heartbeat) = heartbeat, heartbeat >= timeout {
            findings.error(
                "HeartbeatSeconds must be smaller than TimeoutSeconds",
                at: fields.place.field("HeartbeatSeconds")
            )
        }
        let credentials = readCredentials()
        if fields.has("Credentials"), case .activity = fields["Resource"]?.string.flatMap(ResourceName.init) {
            findings.error("The field 'Credentials' is not supported for activities", at: fields.place)
        }
        guard let resource = readResource(parameters: language == .jsonPath ? "Parameters" : "Arguments") else {
            return nil
        }
        return .task(
            TaskState(resource: resource, timeout: timeout, heartbeat: heartbeat, credentials: credentials)
        )
    }

    /// The template of `Credentials`; it must name a role.
    private func readCredentials() -> Template? {
        let isComputed = language == .jsonata && fields.isJSONata("Credentials")
        if !isComputed {
            guard let credentials = fields.nested("Credentials") else { return nil }
            if !credentials.has("RoleArn"), language == .jsonata || !credentials.has("RoleArn.$") {
                findings.error("The field 'RoleArn' is required but was missing", at: credentials.place)
            }
        }
        return fields.template("Credentials", in: language)
    }

    /// `TimeoutSeconds` or `TimeoutSecondsPath`, `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    private func readSeconds(_ name: String) -> IntegerField? {
        let range = 1...MachineReader.longestSeconds
        guard language == .jsonPath else { return fields.integerOrJSONata(name, in: range) }
        return fields.integerOrPath(name, in: range)
    }
}

extension FieldReader {
    /// A whole number, or where it stands.
    func integerOrPath(_ name: String, in range: ClosedRange<Int>, mayReadContext: Bool = true) -> IntegerField? {
        switch atMostOne(of: [name, name + "Path"]) {
        case name: integer(name, in: range).map(IntegerField.constant)
        case name + "Path": referencePath(name + "Path", mayReadContext: mayReadContext).map(IntegerField.path)
        default: nil
        }
    }
}
