import Foundation
import JSON
import NIOHTTP1

/// What each request of the Runtime API means for a session.
struct RuntimeAPI: Sendable {
    private static let base = "/2018-06-01/runtime/"

    let session: RuntimeSession

    /// - Parameter reply: is called once; for a call that has not come yet, from whichever thread brings it.
    func answer(_ request: RuntimeRequest, _ reply: @escaping @Sendable (RuntimeReply) -> Void) {
        let path = request.head.uri.prefix { $0 != "?" }
        guard path.hasPrefix(Self.base) else { return reply(Self.status(.notFound, "NotFound")) }
        let words = path.dropFirst(Self.base.count).split(separator: "/", omittingEmptySubsequences: false)
        switch (request.head.method, words.count, words.first, words.last) {
        case (.GET, 2, "invocation", "next"):
            session.next { invocation in
                guard let invocation else { return reply(Self.status(.gone, "there are no more calls")) }
                reply(RuntimeReply(status: .ok, headers: invocation.headers, text: invocation.event))
            }
        case (.POST, 3, "invocation", "response"):
            let isTaken = session.report(response(request), of: String(words[1]))
            let status: HTTPResponseStatus = request.body == nil ? .payloadTooLarge : .accepted
            reply(isTaken ? Self.status(status, "OK") : Self.unknownRequest)
        case (.POST, 3, "invocation", "error"):
            let isTaken = session.report(failure(request), of: String(words[1]))
            reply(isTaken ? Self.status(.accepted, "OK") : Self.unknownRequest)
        case (.POST, 2, "init", "error"):
            session.end(failure(request))
            reply(Self.status(.accepted, "OK"))
        default:
            reply(Self.status(.notFound, "NotFound"))
        }
    }

    /// A streamed response can still turn into an error: that is in its trailers.
    private func response(_ request: RuntimeRequest) -> InvocationOutcome {
        if let type = request.trailers.first(name: "Lambda-Runtime-Function-Error-Type") {
            let encoded = request.trailers.first(name: "Lambda-Runtime-Function-Error-Body") ?? ""
            let body = Data(base64Encoded: encoded).flatMap { String(data: $0, encoding: .utf8) }
            return .failed(type: type, body: body ?? Self.error(type, encoded))
        }
        return request.body.map { .responded($0) } ?? .tooLarge
    }

    private func failure(_ request: RuntimeRequest) -> InvocationOutcome {
        let body = request.body ?? ""
        let document = try? JSONValue(parsing: body)
        var type = request.head.headers.first(name: "Lambda-Runtime-Function-Error-Type")
        if case .object(let object) = document, case .string(let named) = object["errorType"] { type = named }
        let name = type ?? "Runtime.Unknown"
        return .failed(type: name, body: document?.text ?? Self.error(name, body))
    }

    private static var unknownRequest: RuntimeReply {
        RuntimeReply(status: .badRequest, text: error("InvalidRequestID", "Invalid request ID"))
    }

    private static func status(_ status: HTTPResponseStatus, _ word: String) -> RuntimeReply {
        RuntimeReply(status: status, text: JSONValue.object(["status": .string(word)]).text)
    }

    private static func error(_ type: String, _ message: String) -> String {
        JSONValue.object(["errorMessage": .string(message), "errorType": .string(type)]).text
    }
}

extension Invocation {
    fileprivate var headers: HTTPHeaders {
        var headers = HTTPHeaders([
            ("Lambda-Runtime-Aws-Request-Id", requestID),
            ("Lambda-Runtime-Deadline-Ms", "\(deadline)"),
            ("Lambda-Runtime-Invoked-Function-Arn", functionARN),
        ])
        // Whoever starts an execution writes it, and a header can't hold everything.
        if let traceHeader, traceHeader.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) {
            headers.add(name: "Lambda-Runtime-Trace-Id", value: traceHeader)
        }
        return headers
    }
}
