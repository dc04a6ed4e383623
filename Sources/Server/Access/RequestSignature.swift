import HTTPTypes
import Hummingbird
import Signing

/// The signature that a request carries, and the parts of the request that it is about.
struct RequestSignature: Sendable {
    let accessKeyID: String
    let scope: SigningScope
    let signature: String
    let path: String
    let query: String
    /// The signed headers.
    let headers: [(name: String, value: String)]

    /// Headers that have to be signed where they are present; `host` and the date always are.
    private static let mandatory = ["host", "x-amz-date", "x-amz-target"]

    /// - Throws: `MissingAuthenticationTokenException`, `IncompleteSignatureException`.
    init(_ request: Request) throws(APIError) {
        let authorizations = request.headers[values: .authorization]
        guard let authorization = authorizations.first, authorizations.count == 1 else {
            throw APIError("MissingAuthenticationTokenException", "Missing Authentication Token", status: 403)
        }
        let prefix = "AWS4-HMAC-SHA256 "
        guard authorization.hasPrefix(prefix), authorization.utf8.count <= 4096 else {
            throw .incompleteSignature("Authorization must be AWS4-HMAC-SHA256.")
        }
        var parts: [String: String] = [:]
        for part in authorization.dropFirst(prefix.count).split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            parts[pair[0].filter { $0 != " " }] = String(pair[1]).trimmed
        }
        guard let credential = parts["Credential"]?.split(separator: "/").map(String.init), credential.count == 5,
            credential[4] == "aws4_request", let signature = parts["Signature"],
            let names = parts["SignedHeaders"]?.split(separator: ";").map(String.init)
        else { throw .incompleteSignature("Authorization needs Credential, SignedHeaders and Signature.") }
        guard let timestamp = request.headers[.amzDate], timestamp.hasPrefix(credential[1]), timestamp.utf8.count == 16
        else { throw .incompleteSignature("X-Amz-Date must be there and of the credential's day.") }

        accessKeyID = credential[0]
        scope = SigningScope(timestamp: timestamp, region: credential[2], service: credential[3])
        self.signature = signature
        let target = request.head.path ?? "/"
        let parts2 = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts2[0])
        query = parts2.count == 2 ? String(parts2[1]) : ""
        headers = try Self.signed(names, of: request)
    }

    private static func signed(
        _ names: [String],
        of request: Request
    ) throws(APIError) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for name in names {
            if name == "host" {
                headers.append((name, request.head.authority ?? ""))
                continue
            }
            guard let field = HTTPField.Name(name) else {
                throw .incompleteSignature("'\(name)' is not the name of a header.")
            }
            let values = request.headers[values: field]
            guard !values.isEmpty else { throw .incompleteSignature("The signed header '\(name)' is missing.") }
            for value in values { headers.append((name, value)) }
        }
        for name in mandatory where !names.contains(name) {
            let isPresent = name == "host" || HTTPField.Name(name).map { request.headers[$0] != nil } ?? false
            guard !isPresent else { throw .incompleteSignature("'\(name)' must be a signed header.") }
        }
        return headers
    }

    /// The time of the signature in seconds since 1970; nil: there is no such time.
    var seconds: Int64? { AmazonDate.seconds(scope.timestamp) }
}

extension HTTPField.Name {
    fileprivate static let amzDate = known("X-Amz-Date")
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
