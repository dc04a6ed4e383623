import HTTPTypes
import Hummingbird
import JSON
import Server
import Signing
import Store

/// One request of somebody's browser: who they are, what they read, and what they may.
struct Visit: Sendable {
    let request: Request
    let address: Address
    let api: LocalAPI
    let console: ConsoleSite
    let language: Language
    /// nil: nobody has logged in.
    let caller: Caller?
    /// What the browser keeps while somebody is logged in.
    let session: Session?

    var store: Store { api.store }
    var isKnown: Bool { caller != nil }

    static func begin(_ request: Request, _ address: Address, _ api: LocalAPI, console: ConsoleSite) async throws
        -> Visit
    {
        let session = Session(request)
        var caller: Caller? = api.isOpen ? .anonymous : nil
        if !api.isOpen, let session { caller = try await session.caller(api) }
        return Visit(
            request: request,
            address: address,
            api: api,
            console: console,
            language: Language(request, address),
            caller: caller,
            session: api.isOpen ? nil : session
        )
    }

    /// The access key; nil: nobody is asked for one.
    var actor: String? {
        guard case .accessKey(let id, _) = caller else { return nil }
        return id
    }

    /// What a page has to send with what it does, so that no other page can do it.
    var intentToken: String {
        guard isKnown else { return Self.loginToken }
        return SHA256.hexadecimalDigest("intent \(session?.secret ?? console.openSecret)".utf8)
    }

    /// Whoever is to log in has no session yet that another page could use: that a script of this server sends the header is
    /// enough.
    static let loginToken = "login"

    private static let intentHeader = HTTPField.Name.known("X-Stepwell-Intent")

    /// Whether the script of a page sends this: neither a form nor a page of another server can add the header.
    var isFromScript: Bool { request.headers[Self.intentHeader] != nil }

    /// - Parameter token: what the page was given for that.
    /// - Throws: unless the script of a page of this server sent the request, with what this visit's pages are given.
    func checkIntent(_ token: String) throws(APIError) {
        func refused(_ reason: String) -> APIError {
            APIError("AccessDeniedException", texts("refusal.\(reason)"), status: 403)
        }
        guard let sent = request.headers[Self.intentHeader] else { throw refused("noScript") }
        guard comesFromHere else { throw refused("foreign") }
        guard SHA256.areEqual(sent, token) else { throw refused("outdated") }
    }

    private var comesFromHere: Bool {
        guard let origin = request.headers[.origin], let authority = request.head.authority,
            let host = origin.firstRange(of: "://")
        else { return false }
        return origin[host.upperBound...] == authority
            && ["same-origin", nil].contains(request.headers[.known("Sec-Fetch-Site")])
    }

    func may(_ action: String, on machine: String?) -> Bool { caller?.may(action, on: machine) ?? false }

    /// - Throws: unless they may do something.
    ///
    /// - Parameter machine: the state machine that it is about; nil: all of them.
    func require(_ action: String, on machine: String?) throws(APIError) {
        guard !may(action, on: machine) else { return }
        let place = machine.map { " on \($0)" } ?? ""
        throw APIError(
            "AccessDeniedException",
            "Access key \(actor ?? "") is not authorized to perform: states:\(action)\(place)",
            status: 403
        )
    }

    /// Asks an operation of the API for something, which changes nothing.
    func ask(_ action: String, _ arguments: JSONObject) async throws -> JSONValue {
        guard let caller else { throw APIError.nobody }
        return try await api.perform(action, arguments, as: caller)
    }

    /// Does something by an operation of the API, and records that.
    ///
    /// - Parameter detail: what is recorded beside it.
    @discardableResult
    func perform(
        _ action: String,
        on subject: String,
        _ arguments: JSONObject,
        detail: JSONValue? = nil
    ) async throws -> JSONValue {
        guard let caller else { throw APIError.nobody }
        let outcome: Result<JSONValue, APIError>
        do throws(APIError) {
            outcome = .success(try await api.perform(action, arguments, as: caller))
        } catch {
            outcome = .failure(error)
        }
        var refusal: String?
        if case .failure(let error) = outcome { refusal = "\(error.code.text): \(error.message)" }
        try await record(action, of: subject, detail: detail, refusal: refusal)
        return try outcome.get()
    }

    /// Writes down what was done, and as much of its subject as names it: somebody has written that.
    func record(_ action: String, of subject: String, detail: JSONValue? = nil, refusal: String? = nil) async throws {
        try await store.audit(
            action,
            of: subject.beginning(600),
            by: actor,
            detail: detail,
            refusal: refusal?.beginning(1000),
            now: try await store.databaseTime()
        )
    }
}

extension APIError {
    /// Of what no address leads to without a login.
    static let nobody = APIError("AccessDeniedException", "Nobody has logged in.", status: 401)
}
