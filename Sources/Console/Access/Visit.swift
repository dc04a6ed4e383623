import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Server
import Signing
import Store

/// One request of somebody's browser: who they are, what they read, and what they may.
struct Visit: Sendable {
    private(set) var request: Request
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
        SHA256.hexadecimalDigest("intent \(session?.secret ?? console.openSecret)".utf8)
    }

    private static let intentHeader = HTTPField.Name.known("X-Stepwell-Intent")

    /// Whether the script of a page sends this: a form without a script can't add a header.
    var isFromScript: Bool { request.headers[Self.intentHeader] != nil }

    /// The visit, with its form read where that had to be looked into.
    ///
    /// - Throws: unless the request was sent by a page of this console: its script says so in a header that no other page can
    ///   send, a form of it without a script by the same token in a field.
    func intended() async throws -> Visit {
        var visit = self
        let token: String?
        if isFromScript {
            try checkOrigin()
            token = request.headers[Self.intentHeader]
        } else {
            try checkFormOrigin()
            let body = try await LocalAPI.body(of: request, limit: RequestBody.limit)
            visit.request.body = .init(buffer: ByteBuffer(bytes: body))
            token = try await RequestBody.fields(of: visit.request)["intent"]
        }
        guard let token, SHA256.areEqual(token, intentToken) else { throw APIError.foreignPage }
        return visit
    }

    /// For a form that is sent without a script: browsers don't say where it comes from, because pages tell them to name no
    /// page, but they say whether that is this server, in a header that no page can set.
    ///
    /// - Throws: unless the form was sent from a page of this server.
    func checkFormOrigin() throws(APIError) {
        guard request.headers[.origin] == "null" else { return try checkOrigin() }
        guard request.headers[.known("Sec-Fetch-Site")] == "same-origin" else { throw .foreignPage }
    }

    /// - Throws: unless the request was sent by a page of this server.
    func checkOrigin() throws(APIError) {
        guard let origin = request.headers[.origin], let authority = request.head.authority,
            let host = origin.firstRange(of: "://"), origin[host.upperBound...] == authority,
            ["same-origin", nil].contains(request.headers[.known("Sec-Fetch-Site")])
        else { throw .foreignPage }
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
        guard let caller else { throw APIError.foreignPage }
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
        guard let caller else { throw APIError.foreignPage }
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
    static let foreignPage = APIError(
        "AccessDeniedException",
        "The request does not come from a page of this console. Load the page again.",
        status: 403
    )
}
