import JSON

/// A failure that a function described in JSON of its own, which becomes the `Cause` as it is.
package struct ReportedFailure: Error {
    package var error: String
    package var cause: String

    package init(error: String, cause: String) {
        self.error = error
        self.cause = cause
    }
}

/// A failed call as the state machine sees it.
struct FunctionFailure: Sendable, Equatable {
    let error: String
    let cause: String

    /// AWS's limits for the two texts.
    private static let longestError = 256
    private static let longestCause = 32_768

    init(name: String, message: String, requestID: String) {
        // PostgreSQL's text can't hold U+0000.
        error = String(name.filter { $0 != "\0" }.prefix(Self.longestError))
        var message = message
        var cause = Self.cause(error, message, requestID)
        while cause.utf8.count > Self.longestCause, !message.isEmpty {
            message = String(message.prefix(message.count / 2))
            cause = Self.cause(error, message, requestID)
        }
        self.cause = cause
    }

    private init(_ reported: ReportedFailure) {
        error = String(reported.error.filter { $0 != "\0" }.prefix(Self.longestError))
        var cause = reported.cause.filter { $0 != "\0" }
        while cause.utf8.count > Self.longestCause { cause = String(cause.prefix(cause.count / 2)) }
        self.cause = cause
    }

    init(_ error: any Error, requestID: String) {
        if let reported = error as? ReportedFailure {
            self.init(reported)
            return
        }
        let named = error as? any FunctionError
        self.init(
            name: named?.errorName ?? String(describing: type(of: error)),
            message: named?.errorMessage ?? String(describing: error),
            requestID: requestID
        )
    }

    /// The function took longer than it may.
    static func timedOut(after timeout: Duration, requestID: String) -> FunctionFailure {
        let seconds = timeout.formatted(fractionDigits: 2)
        return FunctionFailure(
            name: "Sandbox.Timedout",
            message: "RequestId: \(requestID) Error: Task timed out after \(seconds) seconds",
            requestID: requestID
        )
    }

    private static func cause(_ error: String, _ message: String, _ requestID: String) -> String {
        let object: JSONObject = [
            "errorMessage": .string(message), "errorType": .string(error), "requestId": .string(requestID),
            "stackTrace": [],
        ]
        return JSONValue.object(object).text
    }
}

extension Duration {
    /// Seconds with two decimals: `3.00`.
    fileprivate func formatted(fractionDigits: Int) -> String {
        let hundredths = components.attoseconds / 10_000_000_000_000_000
        let digits = String(hundredths)
        return "\(components.seconds)." + String(repeating: "0", count: fractionDigits - digits.count) + digits
    }
}
