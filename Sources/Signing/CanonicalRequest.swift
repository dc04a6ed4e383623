/// A request in the one form that both sides hash.
///
/// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package struct CanonicalRequest: Sendable, Hashable {
    /// What the payload's place holds when the payload is not signed.
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// How a path is written down.
    package enum PathRule: Sendable, Hashable {
        /// Encoded once more, `.` and `..` resolved: every service but S3.
        case normalized
        /// As it is sent: S3, whose keys may hold `//` and `..`.
        case asSent
    }

    package let text: String
    /// The names of the signed headers, lower-case, sorted, with `;` between.
    package let signedHeaders: String

    /// - Parameters:
    ///   - path: the path as it is sent, percent-encoded.
    ///   - query: the query as it is sent, percent-encoded, without `?`.
    ///   - headers: those to be signed; names in any case, one pair per value.
    ///   - payloadHash: the SHA-256 of the body in hexadecimal digits, or ``unsignedPayload``.
    package init(
        method: String,
        path: String,
        query: String,
        headers: [(name: String, value: String)],
        payloadHash: String,
        pathRule: PathRule = .normalized
    ) {
        let headers = Self.merged(headers)
        signedHeaders = headers.map(\.name).joined(separator: ";")
        text = [
            method,
            pathRule == .normalized ? Self.normalized(path) : (path.isEmpty ? "/" : path),
            Self.sorted(query: query),
            headers.map { "\($0.name):\($0.value)\n" }.joined(),
            signedHeaders,
            payloadHash,
        ]
        .joined(separator: "\n")
    }

    private static func normalized(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let isDirectory = path.hasSuffix("/") && !segments.isEmpty
        let normal = "/" + segments.joined(separator: "/") + (isDirectory ? "/" : "")
        return PercentEncoding.encode(normal, keepsSlashes: true)
    }

    private static func sorted(query: String) -> String {
        query.split(separator: "&", omittingEmptySubsequences: true)
            .map { pair -> (name: String, value: String) in
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (recoded(parts[0]), parts.count == 2 ? recoded(parts[1]) : "")
            }
            .sorted { $0.name == $1.name ? $0.value.isBefore($1.value) : $0.name.isBefore($1.name) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    private static func recoded(_ text: Substring) -> String {
        PercentEncoding.encode(PercentEncoding.decode(text))
    }

    /// One entry per name, its values in the order of the request with `,` between, spaces of more than one made one.
    private static func merged(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(trimmed(header.value)) }
        return values.map { (name: $0.key, value: $0.value.joined(separator: ",")) }
            .sorted { $0.name.isBefore($1.name) }
    }

    private static func trimmed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}

extension String {
    /// The order of bytes, whatever the language.
    fileprivate func isBefore(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
