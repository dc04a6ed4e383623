import Foundation

/// TCP ports of 127.0.0.1.
enum LoopbackPort {
    /// A port that nobody listens on: the preferred one if it is free.
    static func free(preferring preferred: UInt16?) -> UInt16 {
        if let preferred, let port = bound(to: preferred) { return port }
        return bound(to: 0) ?? 5432
    }

    /// The port, if it could be had (0: any).
    private static func bound(to port: UInt16) -> UInt16? {
        #if canImport(Glibc) || canImport(Musl)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // As PostgreSQL does: connections of the last run that linger don't matter.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        return result == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }
}
