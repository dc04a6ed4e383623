package import JSON

/// An answer that says no, in the API's terms.
package struct APIError: Error, Sendable, Hashable {
    /// AWS's names of what can be wrong.
    package struct Code: Sendable, Hashable, ExpressibleByStringLiteral {
        package let text: String
        package init(stringLiteral text: String) { self.text = text }
        package init(_ text: String) { self.text = text }
    }

    package let code: Code
    package let message: String
    /// The HTTP status.
    package let status: Int
    /// `reason` of a `ValidationException`.
    package let reason: String?
    /// `resourceName` of errors about a resource.
    package let resourceName: String?
    /// When to come again, in seconds.
    package let retryAfter: Int?

    package init(
        _ code: Code,
        _ message: String,
        status: Int = 400,
        reason: String? = nil,
        resourceName: String? = nil,
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.reason = reason
        self.resourceName = resourceName
        self.retryAfter = retryAfter
    }

    /// The body of the response.
    package var body: JSONValue {
        var object: JSONObject = ["__type": .string(code.text), "message": .string(message)]
        if let reason { object["reason"] = .string(reason) }
        if let resourceName { object["resourceName"] = .string(resourceName) }
        return .object(object)
    }
}

extension APIError {
    package static func validation(_ message: String, reason: String? = nil) -> APIError {
        APIError("ValidationException", message, reason: reason)
    }

    package static func invalidARN(_ detail: String) -> APIError { APIError("InvalidArn", "Invalid Arn: '\(detail)'") }

    /// Of an ARN with the label of a Map in it.
    package static let labeledARN = validation(
        "This operation does not support ARNs with a Map label",
        reason: "API_DOES_NOT_SUPPORT_LABELED_ARNS"
    )

    package static func resourceNotFound(_ arn: String) -> APIError {
        APIError("ResourceNotFound", "Resource not found: '\(arn)'", resourceName: arn)
    }

    package static let unknownOperation = APIError("UnknownOperationException", "", status: 400)

    package static func serialization(_ message: String) -> APIError { APIError("SerializationException", message) }

    /// The database is away, or everything is taken.
    package static let unavailable = APIError(
        "ServiceUnavailableException",
        "The service is temporarily unavailable. Try again.",
        status: 503,
        retryAfter: 1
    )

    /// Something that should not happen; the log says what.
    package static let internalFailure = APIError(
        "InternalFailure",
        "The request failed for an internal reason; the log has it under this request's id.",
        status: 500
    )
}
