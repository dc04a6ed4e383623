import HTTPTypes
import Hummingbird
import Signing
import Store

/// Finds out who sends a request.
struct AccessControl: Sendable {
    enum Mode: Sendable {
        /// Nobody is asked who they are; only on loopback, and by these names.
        case open(HostList)
        /// Every request is signed with an access key of the database.
        case signed(AccessKeyCache)
    }

    let mode: Mode
    /// How many requests a second a key may send for which nothing else is said.
    let requestsPerSecond: Int
    let now: @Sendable () -> Int64
    private let limits = RateLimits()
    private let signingKeys = SigningKeyCache()

    init(mode: Mode, requestsPerSecond: Int = 10_000, now: @escaping @Sendable () -> Int64) {
        self.mode = mode
        self.requestsPerSecond = requestsPerSecond
        self.now = now
    }

    /// How far the clocks of client and server may be apart, in seconds.
    private static let clockTolerance: Int64 = 300

    /// Where nobody is asked who they are, pages that somebody on this machine looks at must not do anything either:
    /// neither under a name of theirs that points here, nor by sending what browsers send without asking.
    private static func checkPage(of request: Request, _ hosts: HostList) throws(APIError) {
        let authority = request.head.authority ?? "localhost"
        guard hosts.allow(authority) else {
            throw APIError(
                "AccessDeniedException",
                "This server asks nobody for a signature, and so is reached only by an address, localhost, or a name that "
                    + "it was told with --console-host.",
                status: 403
            )
        }
        guard let origin = request.headers[.origin] else { return }
        guard let host = origin.firstRange(of: "://"), origin[host.upperBound...] == authority else {
            throw APIError(
                "AccessDeniedException",
                "This server asks nobody for a signature, and so takes nothing from web pages of others.",
                status: 403
            )
        }
    }

    /// The caller, whose signature is good.
    ///
    /// - Parameter service: what the signature must be for.
    /// - Throws: the same error, after the same work, for a key that there isn't and for a signature that is wrong.
    func caller(of request: Request, body: [UInt8], service: String) async throws -> Caller {
        let keys: AccessKeyCache
        switch mode {
        case .signed(let all): keys = all
        case .open(let hosts):
            try Self.checkPage(of: request, hosts)
            return .anonymous
        }
        let signature = try RequestSignature(request)
        guard signature.scope.service == service else {
            throw APIError.signature("Credential should be scoped to correct service: '\(service)'.")
        }
        guard let time = signature.seconds, abs(time - now()) <= Self.clockTolerance else {
            throw APIError.signature(
                "Signature expired: \(signature.scope.timestamp) is more than 5 minutes away from the time of this server."
            )
        }
        let key = try await keys.key(signature.accessKeyID)
        let canonical = CanonicalRequest(
            method: request.method.rawValue,
            path: signature.path,
            query: signature.query,
            headers: signature.headers,
            payloadHash: SHA256.hexadecimalDigest(body)
        )
        // Unknown keys cost as much as known ones.
        let signingKey = signingKeys.key(
            signature.accessKeyID,
            secret: key?.secret ?? "unknown",
            scope: signature.scope
        )
        let expected = signature.scope.signature(of: canonical, key: signingKey)
        guard SHA256.areEqual(expected, signature.signature), let key else {
            throw APIError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                status: 403
            )
        }
        // Only who has proved to be the key's holder can use up what it may send.
        guard limits.admit(signature.accessKeyID, rate: key.rateLimit ?? requestsPerSecond) else {
            throw APIError.throttled
        }
        return .accessKey(id: signature.accessKeyID, grants: key.grants)
    }

    /// The holder of an access key who shows its secret; nil: there is no such key, or its secret is another.
    func caller(accessKeyID id: String, secret: String) async throws -> Caller? {
        guard case .signed(let keys) = mode else { return .anonymous }
        let key = try await keys.key(id)
        // Texts of one length, whatever was sent: how long it takes says nothing about the key.
        let isRight = SHA256.areEqual(
            SHA256.hexadecimalDigest(secret.utf8),
            SHA256.hexadecimalDigest((key?.secret ?? "").utf8)
        )
        guard isRight, let key else { return nil }
        return .accessKey(id: id, grants: key.grants)
    }

    /// The holder of an access key who has been recognized before; nil: the key was revoked since.
    func caller(accessKeyID id: String) async throws -> Caller? {
        guard case .signed(let keys) = mode else { return .anonymous }
        guard let key = try await keys.key(id) else { return nil }
        guard limits.admit(id, rate: key.rateLimit ?? requestsPerSecond) else { throw APIError.throttled }
        return .accessKey(id: id, grants: key.grants)
    }
}

extension APIError {
    /// The key sends more than it may.
    static let throttled = APIError("ThrottlingException", "Rate exceeded", status: 429, retryAfter: 1)

    static func signature(_ message: String) -> APIError {
        APIError("InvalidSignatureException", message, status: 403)
    }

    static func incompleteSignature(_ message: String) -> APIError {
        APIError("IncompleteSignatureException", message, status: 400)
    }
}
