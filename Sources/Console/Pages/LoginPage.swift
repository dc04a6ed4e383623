import HTTPTypes
import Hummingbird
import JSON
import Logging
import Server
import Store

/// Where people show their access key, and give it back.
enum LoginPage {
    private struct Model {
        let to: String
    }

    static func answer(_ visit: Visit) -> Response {
        let to = destination(visit.address.query["to"])
        return visit.isKnown ? .redirect(to) : visit.page("login", Model(to: to), title: visit.texts("login.title"))
    }

    static func logIn(_ visit: Visit) async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let id = (fields["accessKey"] ?? "").filter { !$0.isWhitespace }
        let secret = (fields["secret"] ?? "").filter { !$0.isWhitespace }
        let to = destination(fields["to"])
        // In another tab, meanwhile; or nobody has to.
        if visit.isKnown { return .goOn(to: to) }
        guard try await visit.api.caller(accessKeyID: id, secret: secret) != nil else {
            visit.api.logger.notice("A login was refused")
            throw APIError("AccessDeniedException", visit.texts("login.wrong"), status: 403)
        }
        let session = Session()
        try await visit.store.beginConsoleSession(
            digest: session.digest,
            accessKey: id,
            lifetime: Session.lifetime
        )
        let now = try await visit.store.databaseTime()
        try await visit.store.audit("LogIn", of: id, by: id, now: now)
        var response = Response.goOn(to: to)
        response.headers[.setCookie] = session.cookieText
        return response
    }

    static func logOut(_ visit: Visit) async throws -> Response {
        if let session = visit.session {
            try await visit.store.endConsoleSession(digest: session.digest)
            try await visit.record("LogOut", of: visit.actor ?? "")
        }
        var response = Response.goOn(to: Address.of(["login"]))
        response.headers[.setCookie] = Session.endedCookieText
        return response
    }

    /// A page of the console: nobody is led elsewhere.
    private static func destination(_ text: String?) -> String {
        guard let text, text == "/console" || text.hasPrefix("/console/") || text.hasPrefix("/console?"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return "/console" }
        return text
    }
}
