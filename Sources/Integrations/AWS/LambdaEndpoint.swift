package import AWSClient
package import JSON

/// Calls functions that no worker offers where Lambda, or what speaks its protocol, offers them.
package struct LambdaEndpoint: Sendable {
    private let client: AWSClient

    /// nil: no endpoint is configured.
    package init?(client: AWSClient) {
        guard client.configuration.endpoint(of: .lambda) != nil else { return nil }
        self.client = client
    }

    /// Calls a function and waits for what it returns.
    ///
    /// - Parameter time: how long it may take.
    /// - Throws: what the function threw: the name is its error's, the cause all that it says of it. What went wrong
    ///   before it could run begins with `Lambda.`.
    package func invoke(_ function: String, _ event: JSONDocument, time: Duration, resultBytes: Int)
        async throws(TaskFailure) -> JSONDocument
    {
        let result: LambdaResult
        do throws(ServiceError) {
            result = try await client.invoke(
                LambdaInvocation(function: function, payload: event.text),
                bounds: HTTPTransport.Bounds(time: time, responseBytes: resultBytes + (64 << 10))
            )
        } catch {
            throw Self.failure(error)
        }
        guard result.functionError == nil else {
            let type = (try? JSONValue(parsing: result.payload))?["errorType"]?.string
            throw TaskFailure(error: type ?? "Lambda.Unknown", cause: result.payload)
        }
        // A function that returns nothing answers nothing, or null.
        guard let document = try? JSONDocument(parsing: result.payload.isEmpty ? "null" : result.payload) else {
            throw TaskFailure(error: "Lambda.Unknown", cause: "The function '\(function)' did not return JSON.")
        }
        return document
    }

    private static func failure(_ error: ServiceError) -> TaskFailure {
        switch error {
        case .transport(.timedOut):
            TaskFailure(error: "Lambda.ClientExecutionTimeoutException", cause: "The function did not answer in time.")
        default:
            ServiceErrors(
                service: .lambda,
                style: .optimized(prefix: "Lambda", service: "AWSLambda", general: "AWSLambdaException")
            )
            .failure(error)
        }
    }
}
