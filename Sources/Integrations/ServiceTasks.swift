package import AWSClient
package import JSON

/// Carries out what Tasks ask of services. One per worker; ``close()`` is to be called at its end.
package struct ServiceTasks: Sendable {
    package let client: AWSClient
    private let http: HTTPTasks

    /// - Parameters:
    ///   - addresses: where `http:invoke` may go.
    ///   - connections: with what it authenticates there.
    package init(client: AWSClient, addresses: AddressRules, connections: Connections) {
        self.client = client
        http = HTTPTasks(addresses: addresses, connections: connections)
    }

    package func close() async {
        await client.close()
    }

    /// Does what a Task asks for.
    ///
    /// - Returns: the Task's result.
    /// - Throws: the failure that the state's `Retry` and `Catch` see.
    package func perform(_ request: TaskRequest) async throws(TaskFailure) -> JSONDocument {
        switch (request.service, request.action) {
        case ("http", "invoke"): return try await http.invoke(request)
        case ("apigateway", "invoke"): return try await APIGateway(client: client, http: http).invoke(request)
        default: break
        }
        if request.service.hasPrefix("aws-sdk:") {
            return try await SDKIntegration(client: client).perform(request)
        }
        return try await OptimizedIntegration(client: client).perform(request)
    }
}

extension TaskRequest {
    /// The parameters as an object.
    func arguments() throws(TaskFailure) -> JSONObject {
        guard case .object(let object)? = try? parameters.value() else {
            throw refused("the parameters must be a JSON object")
        }
        return object
    }

    /// The parameters can't be used, for this reason.
    func refused(_ reason: String) -> TaskFailure {
        TaskFailure(runtime: "The Parameters '\(parameters.text)' could not be used to start the Task: [\(reason)]")
    }
}
