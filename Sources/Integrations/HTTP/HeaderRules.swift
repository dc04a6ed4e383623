/// The headers that a definition may set.
///
/// Source: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
enum HeaderRules {
    private static let forbidden: Set<String> = [
        "a-im", "accept-charset", "accept-datetime", "accept-encoding", "cache-control", "connection",
        "content-encoding", "content-length", "content-md5", "date", "expect", "forwarded", "from", "host",
        "http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
        "keep-alive", "max-forwards", "origin", "pragma", "proxy-authorization", "referer", "server", "te", "trailer",
        "transfer-encoding", "upgrade", "via", "warning", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    ]
    private static let forbiddenPrefixes = ["x-amz-", "x-amzn-"]

    static func permits(_ name: String) -> Bool {
        let name = name.lowercased()
        return !forbidden.contains(name) && !forbiddenPrefixes.contains { name.hasPrefix($0) }
    }

    /// Whether the name and value can stand in a header at all.
    static func isWellFormed(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
            && value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
