import Foundation
import Glibc
import Logging
import Postgres
import PostgresTestSupport
import Testing

/// A pooler gives each transaction to whatever server is free: what a session keeps is not there in the next one.
@Suite(
    .timeLimit(.minutes(5)),
    .disabled(if: TestNetwork.isPooled, "it compares a pooler with a server")
)
struct PoolerTests {
    private static let statement = Statement("SELECT $1::int + 1", [.int4(1)])
    private static let prepared = Statement("SELECT count(*) FROM pg_prepared_statements")

    /// How many statements a connection keeps prepared when the same one is sent again and again.
    private func preparedStatements(_ configuration: PostgresConfiguration) async throws -> Int {
        let connection = try await Connection.connect(configuration, logger: testLogger)
        for _ in 0..<10 { _ = try await connection.query(Self.statement) }
        let count = try await connection.query(Self.prepared).only().int(0)
        await connection.close()
        return count
    }

    @Test func behindAPoolerNothingIsPrepared() async throws {
        // One of its own, which is reached by a socket in any case, and stops when nobody has it any more.
        let cluster = try await TestCluster.start()
        defer { withExtendedLifetime(cluster) {} }
        let server = try PostgresConfiguration(cluster.conninfo)
        #expect(try await preparedStatements(server) > 0)
        let pooler = try Relay(to: server)
        defer { pooler.close() }
        var configuration = server
        configuration["host"] = pooler.directory
        configuration["port"] = "5432"
        #expect(try await preparedStatements(configuration) == 0)
        // Who knows better has the last word.
        configuration.preparesStatements = true
        #expect(try await preparedStatements(configuration) > 0)
        configuration = server
        configuration.preparesStatements = false
        #expect(try await preparedStatements(configuration) == 0)
    }
}

/// Passes everything on between clients and a server, but names another process as theirs, as a pooler does.
private final class Relay: Sendable {
    let directory: String
    private let listener: Int32

    init(to server: PostgresConfiguration) throws {
        directory = FileManager.default.temporaryDirectory.path + "/relay-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        listener = try Self.socket(at: directory + "/.s.PGSQL.5432") { bind($0, $1, $2) }
        let target = try #require(server["host"]) + "/.s.PGSQL." + (server["port"] ?? "5432")
        guard listen(listener, 8) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        Thread.detachNewThread { [listener] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                guard let server = try? Self.socket(at: target, { Glibc.connect($0, $1, $2) }) else { break }
                Thread.detachNewThread { Self.copy(from: client, to: server) }
                Thread.detachNewThread {
                    Self.copyBeginning(from: server, to: client)
                    Self.copy(from: server, to: client)
                }
            }
        }
    }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func socket(
        at path: String,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        try #require(path.utf8.count < capacity)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        return descriptor
    }

    /// Until one side has nothing more to say.
    private static func copy(from source: Int32, to target: Int32) {
        while let piece = read(from: source, 1...65_536), send(piece, to: target) {}
        shutdown(target, Int32(SHUT_WR))
        shutdown(source, Int32(SHUT_RD))
    }

    /// What a server says up to its first ReadyForQuery, message by message; the client's process is in BackendKeyData.
    /// https://www.postgresql.org/docs/current/protocol-message-formats.html
    private static func copyBeginning(from server: Int32, to client: Int32) {
        while let head = read(from: server, 5...5) {
            let length = head[1...].reduce(0) { $0 << 8 | Int($1) } - 4
            guard (0...65_536).contains(length), var body = length == 0 ? [] : read(from: server, length...length)
            else {
                return
            }
            if head[0] == UInt8(ascii: "K") { body[3] ^= 0x55 }
            guard send(head + body, to: client) else { return }
            if head[0] == UInt8(ascii: "Z") { return }
        }
    }

    /// So many bytes, or nil at the end of all.
    private static func read(from source: Int32, _ size: ClosedRange<Int>) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: size.upperBound)
        var count = 0
        while count < size.lowerBound {
            let more = bytes[count...].withUnsafeMutableBytes { Glibc.read(source, $0.baseAddress, $0.count) }
            guard more > 0 else { return nil }
            count += more
        }
        return Array(bytes[..<count])
    }

    private static func send(_ bytes: [UInt8], to target: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let more = bytes[sent...]
                .withUnsafeBytes {
                    Glibc.send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
            guard more > 0 else { return false }
            sent += more
        }
        return true
    }
}
