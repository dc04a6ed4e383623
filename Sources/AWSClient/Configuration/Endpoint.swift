/// Where a server is: scheme, host and port, and perhaps a path before all others.
package struct Endpoint: Sendable, Hashable {
    package let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int?
    /// Empty, or beginning with `/` and not ending with it.
    package let basePath: String

    /// - Parameter text: `http://localhost:4566`; nil for all that is not an `http` or `https` URL without user,
    ///   query and fragment.
    package init?(_ text: String) {
        guard let url = URLParts(text), url.query == nil else { return nil }
        self.init(url)
    }

    /// The endpoint of a URL, without the URL's path.
    package init(_ url: URLParts, keepsPath: Bool = true) {
        isSecure = url.isSecure
        host = url.host
        port = url.port
        var path = keepsPath ? Substring(url.path) : ""
        while path.hasSuffix("/") { path = path.dropLast() }
        basePath = String(path)
    }

    /// The value of the `Host` header.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        guard let port, port != (isSecure ? 443 : 80) else { return name }
        return "\(name):\(port)"
    }

    package var origin: String { (isSecure ? "https://" : "http://") + authority }
}

/// The parts of an `http` or `https` URL.
package struct URLParts: Sendable, Hashable {
    package let isSecure: Bool
    package let host: String
    package let port: Int?
    /// As written.
    package let path: String
    /// As written, without `?`; nil when there is none.
    package let query: String?

    /// nil for another scheme, for a user or a fragment, and for characters that no URL has.
    package init?(_ text: String) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard ["http", "https"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.forbidden.contains($0) })
        else { return nil }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let (host, port) = Self.hostAndPort(authority) else { return nil }
        let target = rest.dropFirst(authority.count)
        let path = target.prefix { $0 != "?" }
        isSecure = scheme == "https"
        self.host = host
        self.port = port
        self.path = String(path)
        query = target.count > path.count ? String(target.dropFirst(path.count + 1)) : nil
    }

    private static let forbidden: Set<UInt8> = Set("\"<>\\^`{|}#".utf8)

    private static func hostAndPort(_ authority: Substring) -> (String, Int?)? {
        var host = authority
        var port: Substring = ""
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":"), host.contains(":") else { return nil }
            port = after.dropFirst()
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains("@"), authority.hasPrefix("[") || !host.contains(":"),
            host.utf8.allSatisfy({ $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "[") })
        else { return nil }
        if port.isEmpty { return (host.lowercased(), nil) }
        guard let number = UInt16(port), number > 0 else { return nil }
        return (host.lowercased(), Int(number))
    }
}
