import HTTPTypes
import Hummingbird
import Server
import Signing
import Store

/// What a browser keeps while somebody is logged in: a number that nobody can guess. The database has its hash.
struct Session: Sendable {
    /// `__Host-`: browsers take it over TLS only (or from this machine), for this host, and for all of it.
    private static let cookie = "__Host-stepwell"
    /// How long somebody stays logged in.
    static let lifetime: Duration = .seconds(12 * 3600)

    let secret: String

    init() { secret = SHA256.hexadecimal(KeySealer.random(32)) }

    /// - Returns: nil if the request brings none.
    init?(_ request: Request) {
        guard let value = Cookies.value(Self.cookie, of: request), value.utf8.count == 64 else { return nil }
        secret = value
    }

    var digest: [UInt8] { SHA256.digest(secret.utf8) }

    /// Whose session it is; nil: it is over, or the key was revoked.
    func caller(_ api: LocalAPI) async throws -> Caller? {
        guard let session = try await api.store.consoleSession(digest: digest) else { return nil }
        return try await api.caller(accessKeyID: session.accessKey)
    }

    var cookieText: String {
        "\(Self.cookie)=\(secret); Path=/; Secure; HttpOnly; SameSite=Strict; "
            + "Max-Age=\(Self.lifetime.components.seconds)"
    }

    static let endedCookieText = "\(cookie)=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
}

/// The cookies of a request.
enum Cookies {
    static func value(_ name: String, of request: Request) -> String? {
        for header in request.headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == name else { continue }
                return String(parts[1])
            }
        }
        return nil
    }
}
