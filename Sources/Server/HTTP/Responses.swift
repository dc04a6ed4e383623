package import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Postgres

/// Ids of requests, which errors and logs share.
enum RequestIDs {
    static func make() -> String { PGUUID.v4().description }
}

extension HTTPField.Name {
    static let amzTarget = known("X-Amz-Target")
    static let traceID = known("X-Amzn-Trace-Id")
    static let traceparent = known("traceparent")
    static let amzRequestID = known("x-amzn-RequestId")

    /// A name that stands in the source: what comes from outside can't get here.
    package static func known(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is no name of a header") }
        return name
    }
}

extension Request {
    /// The trace that the request belongs to, as X-Ray or W3C write it; nil: it says none that could be kept.
    var traceHeader: String? {
        guard let header = headers[.traceID] ?? headers[.traceparent], (1...256).contains(header.utf8.count),
            header.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return nil }
        return header
    }
}

extension Response {
    /// The answer of an operation.
    static func json(_ value: JSONValue, id: String) -> Response {
        var bytes: [UInt8] = []
        value.write(to: &bytes)
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-amz-json-1.0", .amzRequestID: id],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// A refusal.
    static func error(_ error: APIError, id: String) -> Response {
        var response = json(error.body, id: id)
        response.status = HTTPResponse.Status(code: error.status)
        if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
        if error.status == 413 { response.headers[.connection] = "close" }
        return response
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
