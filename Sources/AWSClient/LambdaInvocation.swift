import JSON
import Signing

/// A call of a function at Lambda's endpoint, or at whatever speaks Lambda's protocol.
package struct LambdaInvocation: Sendable {
    /// The name, an ARN, or either with a qualifier.
    package var function: String
    package var qualifier: String?
    /// `RequestResponse` or `Event`
    package var type = "RequestResponse"
    package var clientContext: String?
    package var payload: String

    package init(function: String, payload: String) {
        self.function = function
        self.payload = payload
    }
}

/// What came of it.
package struct LambdaResult: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    /// `Handled` or `Unhandled`; nil: the function returned.
    package let functionError: String?
    package let executedVersion: String?
    package let payload: String
}

extension AWSClient {
    /// Invokes a function.
    package func invoke(_ invocation: LambdaInvocation, bounds: HTTPTransport.Bounds) async throws(ServiceError)
        -> LambdaResult
    {
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("X-Amz-Invocation-Type", invocation.type),
        ]
        if let context = invocation.clientContext { headers.append(("X-Amz-Client-Context", context)) }
        let request = OutgoingRequest(
            method: "POST",
            endpoint: try endpoint(of: .lambda),
            path: "/2015-03-31/functions/\(PercentEncoding.encode(invocation.function))/invocations",
            query: invocation.qualifier.map { "Qualifier=\(PercentEncoding.encode($0))" } ?? "",
            headers: headers,
            body: Array(invocation.payload.utf8)
        )
        let response = try await send(request, as: .lambda, bounds)
        return LambdaResult(
            status: response.status,
            headers: response.headers,
            functionError: response.header("X-Amz-Function-Error"),
            executedVersion: response.header("X-Amz-Executed-Version"),
            payload: String(decoding: response.body, as: UTF8.self)
        )
    }
}
