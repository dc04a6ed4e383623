import Expressions
import JSON

extension StateReader {
    func readTask() -> State.Kind? {
        let timeout = fields.secondsField("TimeoutSeconds")
        let heartbeat = fields.secondsField("HeartbeatSeconds")
        if case .constant(let timeout) = timeout, case .constant(let heartbeat) = heartbeat, heartbeat >= timeout {
            findings.error(
                "HeartbeatSeconds must be smaller than TimeoutSeconds",
                at: fields.place.field("HeartbeatSeconds")
            )
        }
        let credentials = readCredentials()
        guard let resource = readResource(parameters: "Parameters") else { return nil }
        return .task(
            TaskState(resource: resource, timeout: timeout, heartbeat: heartbeat, credentials: credentials)
        )
    }

    /// The template of `Credentials`; it must name a role.
    private func readCredentials() -> PayloadTemplate? {
        guard let credentials = fields.nested("Credentials") else { return nil }
        credentials.checkRole()
        return fields.template("Credentials")
    }
}

extension FieldReader {
    /// The only thing that `Credentials` can say.
    func checkRole() {
        guard !has("RoleArn"), !has("RoleArn.$") else { return }
        findings.error("The field 'RoleArn' is required but was missing", at: place)
    }

    /// `TimeoutSeconds` or `TimeoutSecondsPath`, `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    fileprivate func secondsField(_ name: String) -> IntegerField? {
        switch atMostOne(of: [name, name + "Path"]) {
        case name: integer(name, in: 1...MachineReader.longestSeconds).map(IntegerField.constant)
        case name + "Path": referencePath(name + "Path").map(IntegerField.path)
        default: nil
        }
    }
}
