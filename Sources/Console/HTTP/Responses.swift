import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Server

extension Response {
    static let nothing = Response(status: .noContent)

    static func plain(_ text: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n"))
        )
    }

    static func page(_ html: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html))
        )
    }

    /// To the script of a page.
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: value.text))
        )
    }

    static func redirect(_ location: String) -> Response {
        Response(status: .seeOther, headers: [.location: location])
    }

    /// What the script of a page goes on with after an action.
    static func goOn(to location: String) -> Response { .json(["location": .string(location)]) }

    /// The rules that a browser is to hold the pages to: nothing comes from elsewhere, nothing is run that stands in a page,
    /// and nobody shows the pages in a frame. What they say is nobody's to keep.
    mutating func secure() {
        headers[.contentSecurityPolicy] = """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
            frame-ancestors 'none'; base-uri 'none'; form-action 'self'
            """
        headers[.known("X-Frame-Options")] = "DENY"
        headers[.xContentTypeOptions] = "nosniff"
        headers[.known("Referrer-Policy")] = "no-referrer"
        headers[.known("Cross-Origin-Opener-Policy")] = "same-origin"
        headers[.known("Cross-Origin-Resource-Policy")] = "same-origin"
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    }
}

extension Response {
    /// A file to keep: browsers don't show it.
    static func download(_ text: String, name: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "application/octet-stream", .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
