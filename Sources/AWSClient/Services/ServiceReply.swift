package import JSON

/// What a service answered.
package struct ServiceReply: Sendable {
    /// The members of the operation's output.
    package let output: JSONObject
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let requestID: String?
}

/// Why a service did not do what it was asked to.
package enum ServiceError: Error, Sendable {
    /// It refused.
    case fault(ServiceFault)
    /// It did not answer.
    case transport(TransportError)
    /// It was not asked: the request makes no sense.
    case invalidRequest(String)
    /// It answered, but not in its protocol.
    case invalidResponse(String)
}

/// An error that a service answered.
package struct ServiceFault: Sendable, Hashable {
    package let status: Int
    /// The error's name, as the service's own: `ResourceNotFoundException`, `NoSuchKey`.
    package let code: String
    /// The name that older protocols have for it; nil: the same.
    package let legacyCode: String?
    package let message: String
    package let requestID: String?
    /// What S3 answers beside its id.
    package let extendedRequestID: String?
}
