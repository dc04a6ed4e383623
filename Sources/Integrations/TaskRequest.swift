import AWSClient
package import JSON

/// What a Task asks a service for.
package struct TaskRequest: Sendable {
    /// `sqs`, `aws-sdk:dynamodb`, `http`
    package var service: String
    /// `sendMessage`
    package var action: String
    /// What the state gave it, evaluated.
    package var parameters: JSONDocument
    package var executionARN: String
    package var stateMachineARN: String
    /// The same for every attempt at this stay in the state, and after every crash.
    package var idempotencyKey: String
    /// How long the call may take.
    package var time: Duration
    /// UTF-8 bytes of a result.
    package var resultBytes: Int

    package init(
        service: String,
        action: String,
        parameters: JSONDocument,
        executionARN: String,
        stateMachineARN: String,
        idempotencyKey: String,
        time: Duration = .seconds(60),
        resultBytes: Int = 16 << 20
    ) {
        self.service = service
        self.action = action
        self.parameters = parameters
        self.executionARN = executionARN
        self.stateMachineARN = stateMachineARN
        self.idempotencyKey = idempotencyKey
        self.time = time
        self.resultBytes = resultBytes
    }

    /// JSON's escapes and what a service writes around a result make its response larger than the result.
    var bounds: HTTPTransport.Bounds { HTTPTransport.Bounds(time: time, responseBytes: resultBytes * 2 + (64 << 10)) }
}

/// A failure as Retry and Catch see it.
package struct TaskFailure: Error, Sendable, Hashable {
    package let error: String
    package let cause: String

    private static let longestError = 256
    private static let longestCause = 32_768

    package init(error: String, cause: String) {
        // PostgreSQL's text can't hold U+0000.
        self.error = String(error.filter { $0 != "\0" }.prefix(Self.longestError))
        self.cause = String(cause.filter { $0 != "\0" }.prefix(Self.longestCause))
    }

    /// The request makes no sense here, however often it is made.
    package init(runtime cause: String) { self.init(error: "States.Runtime", cause: cause) }
}
