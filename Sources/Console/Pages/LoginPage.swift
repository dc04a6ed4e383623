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
        let accessKey: String
        let isWrong: Bool
    }

    static func answer(_ visit: Visit) async throws -> Response {
        if visit.isKnown { return .redirect(destination(visit.address.query["to"])) }
        switch visit.request.method {
        case .get: return form(visit, to: destination(visit.address.query["to"]))
        case .post: return try await logIn(visit)
        default: throw APIError.noSuchPage
        }
    }

    /// Whoever asks for this has no session yet that a foreign page could use: that it comes from a page of this server is
    /// enough, so that it goes without a script as well.
    private static func logIn(_ visit: Visit) async throws -> Response {
        try visit.checkFormOrigin()
        let fields = try await RequestBody.fields(of: visit.request)
        let id = (fields["accessKey"] ?? "").filter { !$0.isWhitespace }
        let secret = (fields["secret"] ?? "").filter { !$0.isWhitespace }
        let to = destination(fields["to"])
        guard try await visit.api.caller(accessKeyID: id, secret: secret) != nil else {
            visit.api.logger.notice("A login was refused")
            return form(visit, to: to, accessKey: id, isWrong: true)
        }
        let session = Session()
        try await visit.store.beginConsoleSession(
            digest: session.digest,
            accessKey: id,
            lifetime: Session.lifetime
        )
        let now = try await visit.store.databaseTime()
        try await visit.store.audit("LogIn", of: id, by: id, now: now)
        var response = Response.redirect(to)
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

    private static func form(
        _ visit: Visit,
        to: String,
        accessKey: String = "",
        isWrong: Bool = false
    ) -> Response {
        visit.page(
            "login",
            Model(to: to, accessKey: String(accessKey.prefix(64)), isWrong: isWrong),
            title: visit.texts("login.title"),
            status: isWrong ? .forbidden : .ok
        )
    }

    /// A page of the console: nobody is led elsewhere.
    private static func destination(_ text: String?) -> String {
        guard let text, text == "/console" || text.hasPrefix("/console/") || text.hasPrefix("/console?"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return "/console" }
        return text
    }
}
