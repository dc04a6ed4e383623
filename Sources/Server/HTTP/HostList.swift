/// The names by which the server may be addressed.
///
/// A page elsewhere can make a browser take its own name for this server (DNS rebinding); then the browser still says that
/// name. Addresses can't be made to point elsewhere, nor can what ends in `.localhost`
/// ([RFC 6761](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)), so they are all right.
package struct HostList: Sendable {
    private let names: Set<String>

    package init(names: [String] = []) { self.names = Set(names.map { $0.lowercased() } + ["localhost"]) }

    /// - Parameter authority: what stands in `Host`: a name or an address, perhaps with a port.
    package func allow(_ authority: String) -> Bool {
        let text = authority.lowercased()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            let address = text[text.index(after: text.startIndex)..<end]
            return address.utf8.allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
                && Self.isPort(text[text.index(after: end)...])
        }
        let name = text.prefix { $0 != ":" }
        guard Self.isPort(text[name.endIndex...]) else { return false }
        return names.contains(String(name)) || name.hasSuffix(".localhost") || Self.isIPv4(name)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.hasPrefix(":") && UInt16(text.dropFirst()) != nil)
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { (1...3).contains($0.utf8.count) && UInt8($0) != nil }
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
