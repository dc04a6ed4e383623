/// Why a request has no answer.
package enum TransportError: Error, Sendable, Equatable {
    /// There was none in time, or not all of it.
    case timedOut
    /// It is larger than it may be.
    case responseTooLarge(limit: Int)
    /// The server can't be reached, or the connection broke.
    case failed(reason: String)
    /// This process closes its connections.
    case closed
    /// Whoever asked does not want to know any more.
    case cancelled
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timedOut: "no complete answer in time"
        case .responseTooLarge(let limit): "the response is larger than \(limit) bytes"
        case .failed(let reason): reason
        case .closed: "this process closes its connections"
        case .cancelled: "the request was cancelled"
        }
    }
}
