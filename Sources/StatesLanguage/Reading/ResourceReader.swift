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
        case .function(let name): return .function(name: name, arn: arn)
        case .activity:
            if reading.machineType == .express {
                findings.error("Express state machine does not support Activity ARN", at: place)
            }
            findings.obstacle(
                code: .invalidResource,
                "Activities are not supported yet: call a function, arn:aws:lambda:…:function:NAME",
                at: place
            )
            return .unsupported(arn: arn)
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
        if service == "states", action == "startExecution" {
            checkStartExecution(parameters)
            switch pattern {
            case nil: return .startExecution(arn: arn)
            case "sync:2": return .startExecutionSync2(arn: arn)
            default:
                findings.obstacle(
                    code: .invalidResource,
                    "\(arn) is not supported yet: use arn:aws:states:::states:startExecution or its .sync:2",
                    at: fields.place.field("Resource")
                )
                return .unsupported(arn: arn)
            }
        }
        findings.obstacle(
            code: .invalidResource,
            "\(arn) is not supported yet: call a function that does it, arn:aws:lambda:…:function:NAME",
            at: fields.place.field("Resource")
        )
        return .unsupported(arn: arn)
    }

    /// What `startExecution` is told: which machine, and perhaps its input and the execution's name.
    private func checkStartExecution(_ parameters: String) {
        let place = fields.place.field(parameters)
        guard fields.has(parameters) else {
            findings.error("The field 'StateMachineArn' is required but was missing", at: place)
            return
        }
        // A whole `Arguments` can be one expression.
        guard let arguments = fields[parameters]?.object else { return }
        let keys = arguments.keys.map { $0.hasSuffix(".$") ? String($0.dropLast(2)) : $0 }
        if !keys.contains("StateMachineArn") {
            findings.error("The field 'StateMachineArn' is required but was missing", at: place)
        }
        for (key, written) in zip(keys, arguments.keys)
        where !["StateMachineArn", "Input", "Name", "TraceHeader"].contains(key) {
            findings.error(
                "The field '\(key)' is not supported by Step Functions",
                at: place,
                exactly: place.field(written)
            )
        }
    }
}
