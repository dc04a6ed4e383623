import AWSClient
import JSON

/// `aws-sdk:SERVICE:ACTION`: any action of a service, as the SDK for Java has it.
struct SDKIntegration {
    let client: AWSClient

    /// Members that are JSON text to the service; Step Functions takes JSON for them.
    private static let texts: Set<String> = [
        "AssumeRolePolicyDocument", "Body", "Definition", "Detail", "Input", "Message", "MessageBody", "Output",
        "Policy", "PolicyDocument", "SecretString",
    ]

    /// The member by which a service knows a repeated request, by service and action.
    private static let tokens: [String: [String: String]] = [
        "athena": ["StartQueryExecution": "ClientRequestToken", "CreateNamedQuery": "ClientRequestToken"],
        "dynamodb": ["ExecuteTransaction": "ClientRequestToken", "TransactWriteItems": "ClientRequestToken"],
        "ecs": ["RunTask": "ClientToken"],
        "secretsmanager": [
            "CreateSecret": "ClientRequestToken", "PutSecretValue": "ClientRequestToken",
            "RotateSecret": "ClientRequestToken", "UpdateSecret": "ClientRequestToken",
        ],
        "ssm": ["StartAutomationExecution": "ClientToken"],
    ]

    func perform(_ request: TaskRequest) async throws(TaskFailure) -> JSONDocument {
        let name = String(request.service.dropFirst("aws-sdk:".count))
        guard let service = AWSService.named(name) else {
            throw TaskFailure(runtime: "This engine cannot call the service '\(name)'.")
        }
        let arguments = try request.arguments()
        do throws(ServiceError) {
            if service == .lambda, request.action == "invoke" {
                return JSONDocument(.object(try await invokeFunction(arguments, bounds: request.bounds)))
            }
            let action = request.action.capitalizedFirst
            let reply = try await client.call(
                service,
                action,
                prepared(arguments, for: service, action, key: request.idempotencyKey),
                bounds: request.bounds
            )
            return JSONDocument(.object(reply.output))
        } catch {
            throw ServiceErrors(service: service, style: .sdk).failure(error)
        }
    }

    private func prepared(_ arguments: JSONObject, for service: AWSService, _ action: String, key: String) -> JSONObject
    {
        var arguments = arguments
        for member in arguments where Self.texts.contains(member.key) {
            arguments[member.key] = member.value.asJSONText
        }
        if service.name == "eventbridge", let entries = arguments["Entries"]?.array {
            arguments["Entries"] = .array(
                entries.map { entry in
                    guard case .object(var entry) = entry else { return entry }
                    entry["Detail"] = entry["Detail"]?.asJSONText
                    return .object(entry)
                }
            )
        }
        if let token = Self.tokens[service.name]?[action], arguments[token] == nil { arguments[token] = .string(key) }
        return arguments
    }

    private func invokeFunction(_ arguments: JSONObject, bounds: HTTPTransport.Bounds) async throws(ServiceError)
        -> JSONObject
    {
        guard let function = arguments["FunctionName"]?.string else {
            throw .invalidRequest("The parameter 'FunctionName' is required")
        }
        var invocation = LambdaInvocation(function: function, payload: arguments["Payload"].map(\.text) ?? "")
        if case .string(let text)? = arguments["Payload"] { invocation.payload = text }
        invocation.qualifier = arguments["Qualifier"]?.string
        invocation.clientContext = arguments["ClientContext"]?.string
        if let type = arguments["InvocationType"]?.string { invocation.type = type }
        let result = try await client.invoke(invocation, bounds: bounds)
        var output: JSONObject = [:]
        if let version = result.executedVersion { output["ExecutedVersion"] = .string(version) }
        if let error = result.functionError { output["FunctionError"] = .string(error) }
        output["Payload"] = .string(result.payload)
        output["StatusCode"] = .number(JSONNumber(result.status))
        return output
    }
}
