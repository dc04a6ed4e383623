#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Which addresses HTTP Tasks may reach. A definition is not the operator's word: it must not lead a worker to the
/// machine itself, to its network or to a cloud's metadata unless the operator says so.
package struct AddressRules: Sendable {
    /// Ranges that are not the public internet.
    private static let closed: [AddressRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
        "2001:db8::/32",
        "2001::/23", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    ]
    .compactMap { AddressRange($0) }

    private let allowed: [AddressRange]

    /// - Parameter allowed: addresses and ranges (`10.1.0.0/16`) that may be reached although they are not public,
    ///   separated by commas.
    /// - Throws: the part that is neither.
    package init(allowed: String = "") throws(InvalidAddressRange) {
        var ranges: [AddressRange] = []
        for part in allowed.split(whereSeparator: { $0 == "," || $0 == " " }) {
            guard let range = AddressRange(String(part)) else { throw InvalidAddressRange(text: String(part)) }
            ranges.append(range)
        }
        self.allowed = ranges
    }

    /// Whether the operator has named the address.
    func isAllowed(_ address: [UInt8]) -> Bool { allowed.contains { $0.contains(address) } }

    func permits(_ address: [UInt8]) -> Bool {
        isAllowed(address) || !Self.closed.contains { $0.contains(address) }
    }
}

/// Not an address or a range of addresses.
package struct InvalidAddressRange: Error, Sendable, Equatable {
    package let text: String

    package init(text: String) { self.text = text }
}

/// Addresses that begin with the same bits.
struct AddressRange: Sendable, Hashable {
    private let prefix: [UInt8]
    private let bits: Int

    /// - Parameter text: `10.0.0.0/8`, `fd00::/8` or one address.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress.parse(String(parts[0])) else { return nil }
        let count = address.count * 8
        guard parts.count == 1 || Int(parts[1]).map({ (0...count).contains($0) }) == true else { return nil }
        prefix = address
        bits = parts.count == 1 ? count : Int(parts[1]) ?? count
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == prefix.count else { return false }
        for index in 0..<bits where (address[index / 8] ^ prefix[index / 8]) & (0x80 >> UInt8(index % 8)) != 0 {
            return false
        }
        return true
    }
}

/// Addresses as bytes: four for IPv4 (also where IPv6 wraps one), sixteen for IPv6.
enum IPAddress {
    static func parse(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return unwrapped(withUnsafeBytes(of: &six) { Array($0) })
    }

    static func text(_ address: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = address.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The addresses of a host, in the system's order. Blocks.
    static func resolve(_ host: String) -> [[UInt8]] {
        if let address = parse(host) { return [address] }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [[UInt8]] = []
        var entry = list
        while let info = entry?.pointee {
            if let address = bytes(info), !addresses.contains(address) { addresses.append(address) }
            entry = info.ai_next
        }
        return addresses
    }

    private static func bytes(_ info: addrinfo) -> [UInt8]? {
        guard let socket = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET:
            return socket.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            return socket.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { socket in
                unwrapped(withUnsafeBytes(of: socket.pointee.sin6_addr) { Array($0) })
            }
        default: return nil
        }
    }

    /// `::ffff:10.0.0.1` is `10.0.0.1`.
    private static func unwrapped(_ address: [UInt8]) -> [UInt8] {
        let isMapped = address.prefix(10).allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
        return isMapped ? Array(address.suffix(4)) : address
    }
}
