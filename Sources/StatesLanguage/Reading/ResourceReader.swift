import JSON

extension StateReader {
    /// The `Resource` of a Task, with the arguments that its service requires; nil when it is missing or wrong.
    func readResource(parameters: String) -> Resource? {
        fields.require("Resource")
        guard let arn = fields.string("Resource") else { return nil }
        let place = fields.place.field("Resource")
        switch ResourceName(arn) {
        case nil:
            findings.error("Value is not a valid resource ARN", at: place)
            return nil
        case .other:
            findings.error(code: .invalidResource, "The resource \(arn) is not one that a Task can call", at: place)
            return nil
        case .unknownIntegration:
            findings.error(
                "The resource provided \(arn) is not recognized. The value is not a valid resource ARN, "
                    + "or the resource is not available in this region.",
                at: place
            )
            return nil
        case .function(let function): return .function(function, arn: arn)
        case .activity(let name):
            if reading.machineType == .express {
                findings.error("Express state machine does not support Activity ARN", at: place)
            }
            return .activity(name: name, arn: arn)
        case .integration(let service, let action, let pattern):
            if let pattern, reading.machineType == .express {
                findings.error("Express state machine does not support '.\(pattern)' service integration ", at: place)
            }
            return integration(service, action, pattern, arn: arn, parameters: parameters)
        }
    }

    private func integration(
        _ service: String,
        _ action: String,
        _ pattern: String?,
        arn: String,
        parameters: String
    ) -> Resource {
        if fields.has(parameters) {
            checkArguments(of: service, action, parameters)
        } else {
            findings.error(
                "\(parameters) field is required for resource ARN: \(arn)",
                at: fields.place.field("Resource")
            )
        }
        let integration = ServiceIntegration.Pattern(rawValue: pattern ?? "")
            .flatMap { ServiceIntegration(arn: arn, service: service, action: action, pattern: $0) }
        if let integration {
            if let offer = integration.offer { findings.needs(offer, at: fields.place.field("Resource")) }
            return .integration(integration)
        }
        findings.obstacle(
            code: .invalidResource,
            "\(arn) is not supported yet: call a function that does it, arn:aws:lambda:…:function:NAME",
            at: fields.place.field("Resource")
        )
        return .unsupported(arn: arn)
    }

    /// The arguments that a service requires, and those that it knows where that is settled.
    private func checkArguments(of service: String, _ action: String, _ parameters: String) {
        switch (service, action) {
        case ("states", "startExecution"):
            check(parameters, required: "StateMachineArn", known: ["StateMachineArn", "Input", "Name", "TraceHeader"])
        case ("lambda", "invoke"):
            check(
                parameters,
                required: "FunctionName",
                known: [
                    "FunctionName", "Payload", "InvocationType", "Qualifier", "LogType", "ClientContext", "TenantId",
                ]
            )
        default: break
        }
    }

    private func check(_ parameters: String, required: String, known: Set<String>) {
        let place = fields.place.field(parameters)
        // A whole `Arguments` can be one expression.
        guard let arguments = fields[parameters]?.object else { return }
        let keys = arguments.keys.map { $0.hasSuffix(".$") ? String($0.dropLast(2)) : $0 }
        if !keys.contains(required) {
            findings.error("The field '\(required)' is required but was missing", at: place)
        }
        for (key, written) in zip(keys, arguments.keys) where !known.contains(key) {
            findings.error(
                "The field '\(key)' is not supported by Step Functions",
                at: place,
                exactly: place.field(written)
            )
        }
    }
}
