import JSON

/// The three configurations of a state machine: kept and shown, and checked like AWS does.
enum MachineConfiguration {
    /// All three, with AWS's defaults for what was not given.
    static func complete(_ arguments: Arguments) throws(APIError) -> JSONObject {
        var configuration: JSONObject = [
            "loggingConfiguration": ["level": "OFF", "includeExecutionData": false],
            "tracingConfiguration": ["enabled": false],
            "encryptionConfiguration": ["type": "AWS_OWNED_KEY"],
        ]
        for (name, value) in try given(arguments) { configuration[name] = value }
        return configuration
    }

    /// Those that were given, complete in themselves.
    static func given(_ arguments: Arguments) throws(APIError) -> JSONObject {
        var configuration: JSONObject = [:]
        if let logging = arguments.structure("loggingConfiguration") {
            configuration["loggingConfiguration"] = try checkedLogging(logging)
        }
        if let tracing = arguments.structure("tracingConfiguration") {
            guard let isEnabled = tracing["enabled"], !isEnabled.isNull else {
                throw APIError(
                    "InvalidTracingConfiguration",
                    "Invalid Tracing Configuration: enabled has not been set to true or false"
                )
            }
            configuration["tracingConfiguration"] = ["enabled": isEnabled]
        }
        if let encryption = arguments.structure("encryptionConfiguration") {
            configuration["encryptionConfiguration"] = try checkedEncryption(encryption)
        }
        return configuration
    }

    private static func checkedLogging(_ given: JSONObject) throws(APIError) -> JSONValue {
        let destinations = given["destinations"]?.array
        let level = given["level"]?.string ?? "OFF"
        if level != "OFF" || destinations?.isEmpty == false {
            guard let destinations, destinations.count == 1 else {
                throw logging("Must specify exactly one Log Destination.")
            }
        }
        for destination in destinations ?? [] {
            guard let group = destination["cloudWatchLogsLogGroup"]?["logGroupArn"]?.string, group.hasPrefix("arn:"),
                group.hasSuffix(":*")
            else { throw logging("Log Destination is not valid; it is the ARN of a log group with ':*' at its end.") }
        }
        var configuration: JSONObject = [:]
        configuration["level"] = .string(level)
        configuration["includeExecutionData"] = given["includeExecutionData"] ?? false
        if let destinations { configuration["destinations"] = .array(destinations) }
        return .object(configuration)
    }

    private static func logging(_ text: String) -> APIError {
        APIError("InvalidLoggingConfiguration", "Invalid Logging Configuration: \(text)")
    }

    /// Data is encrypted where it is stored, by whoever runs the database: keys of AWS can't be used.
    static func checkedEncryption(_ given: JSONObject) throws(APIError) -> JSONValue {
        guard given["type"]?.string == "AWS_OWNED_KEY", given["kmsKeyId"] == nil else {
            throw APIError(
                "InvalidEncryptionConfiguration",
                "Invalid Encryption Configuration: only AWS_OWNED_KEY is supported here."
            )
        }
        return ["type": "AWS_OWNED_KEY"]
    }
}
