import AWSClient
import Interpreter
import JSON

/// The services that Step Functions has a resource of its own for: their results show the HTTP response, and members
/// that are JSON text may be given as JSON.
struct OptimizedIntegration {
    private struct Profile {
        let service: String
        let errorPrefix: String
        /// What causes call the service.
        let longName: String
        let generalError: String
        let actions: Set<String>

        init(
            _ service: String,
            errors prefix: String,
            named name: String,
            general: String? = nil,
            actions: Set<String>
        ) {
            self.service = service
            errorPrefix = prefix
            longName = name
            generalError = general ?? "Amazon\(prefix)Exception"
            self.actions = actions
        }
    }

    private static let profiles: [String: Profile] = [
        "dynamodb": Profile(
            "dynamodb",
            errors: "DynamoDB",
            named: "AmazonDynamoDBv2",
            actions: ["getItem", "putItem", "updateItem", "deleteItem"]
        ),
        "events": Profile("eventbridge", errors: "EventBridge", named: "AmazonEventBridge", actions: ["putEvents"]),
        "sns": Profile("sns", errors: "SNS", named: "AmazonSNS", actions: ["publish"]),
        "sqs": Profile("sqs", errors: "SQS", named: "AmazonSQS", actions: ["sendMessage"]),
    ]

    let client: AWSClient

    func perform(_ request: TaskRequest) async throws(TaskFailure) -> JSONDocument {
        guard let profile = Self.profiles[request.service], profile.actions.contains(request.action),
            let service = AWSService.named(profile.service)
        else {
            throw TaskFailure(runtime: "This engine cannot call \(request.service):\(request.action).")
        }
        let parameters = prepared(try request.arguments(), of: request)
        let reply: ServiceReply
        do throws(ServiceError) {
            reply = try await client.call(
                service,
                request.action.capitalizedFirst,
                parameters,
                bounds: request.bounds
            )
        } catch {
            let style = ServiceErrors.Style.optimized(
                prefix: profile.errorPrefix,
                service: profile.longName,
                general: profile.generalError
            )
            throw ServiceErrors(service: service, style: style).failure(error)
        }
        if let failed = reply.output["FailedEntryCount"]?.number?.integer, failed > 0 {
            throw TaskFailure(error: "EventBridge.FailedEntry", cause: JSONValue.object(reply.output.sorted).text)
        }
        return JSONDocument(.object(shown(reply)))
    }

    /// The parameters as the service wants them.
    private func prepared(_ parameters: JSONObject, of request: TaskRequest) -> JSONObject {
        var parameters = parameters
        switch request.service {
        case "sqs": parameters["MessageBody"] = parameters["MessageBody"]?.asJSONText
        case "sns": parameters["Message"] = parameters["Message"]?.asJSONText
        case "events":
            guard let entries = parameters["Entries"]?.array else { break }
            parameters["Entries"] = .array(entries.map { event($0, of: request) })
        default: break
        }
        return parameters
    }

    /// An event names the execution that it comes from.
    private func event(_ entry: JSONValue, of request: TaskRequest) -> JSONValue {
        guard case .object(var entry) = entry else { return entry }
        entry["Detail"] = entry["Detail"]?.asJSONText
        let own: [JSONValue] = [.string(request.executionARN), .string(request.stateMachineARN)]
        let given = entry["Resources"]?.array ?? []
        entry["Resources"] = .array(given + own.filter { !given.contains($0) })
        return .object(entry)
    }

    private func shown(_ reply: ServiceReply) -> JSONObject {
        let response = ServiceResponse(
            status: reply.status,
            requestID: reply.requestID ?? "",
            headers: reply.headers
        )
        var result = reply.output
        result["SdkHttpMetadata"] = response.httpMetadata
        result["SdkResponseMetadata"] = response.responseMetadata
        return result.sorted
    }
}

extension JSONObject {
    /// Members in the order of their names.
    var sorted: JSONObject { JSONObject(self.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) }
}

extension String {
    /// `putItem` as `PutItem`.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension JSONValue {
    /// An object or array as JSON text: what services want that take messages. Null stays null.
    var asJSONText: JSONValue {
        switch self {
        case .null, .string: self
        case .bool, .number, .array, .object: .string(text)
        }
    }
}
