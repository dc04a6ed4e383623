import Foundation
import Postgres
import PostgresTestSupport
import ProcessTestSupport
import Testing

/// A server with a certificate that it signed itself, on 127.0.0.1: Unix sockets have no TLS.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    private static let server = Task<TLSServer, any Error> { try await TLSServer() }

    @Test(
        "modes that don't ask who the server is",
        arguments: [("require", true), ("prefer", true), ("disable", false)]
    )
    func mode(mode: String, isEncrypted: Bool) async throws {
        let server = try await Self.server.value
        let connection = try await server.connect(["sslmode": mode])
        let row = try await connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").only()
        #expect(try row.bool(0) == isEncrypted)
    }

    @Test func verifiesTheServer() async throws {
        let server = try await Self.server.value
        let connection = try await server.connect(["sslmode": "verify-full", "sslrootcert": server.certificate])
        #expect(try await connection.query("SELECT 1").count == 1)
    }

    @Test func largeAnswersArriveWhole() async throws {
        let server = try await Self.server.value
        let connection = try await server.connect(["sslmode": "require"])
        let payload = [UInt8](repeating: 9, count: 3_000_000)
        let results = await connection.pipeline([
            Statement("SELECT $1", [.bytea(payload)]),
            Statement("SELECT repeat('x', 100000) FROM generate_series(1, 50)"),
            "SELECT 1",
        ])
        #expect(try results[0].get().only().bytes(0) == payload)
        #expect(try results[1].get().map { try $0.text(0).utf8.count } == Array(repeating: 100_000, count: 50))
        #expect(try results[2].get().only().int(0) == 1)
    }

    @Test func aServerThatIsNotTheExpectedOneIsRefused() async throws {
        let server = try await Self.server.value
        let stranger = try await TLSServer.makeCertificate(in: FileManager.default.temporaryDirectory)
        defer { try? FileManager.default.removeItem(at: stranger.directory) }
        let settings = ["sslmode": "verify-full", "sslrootcert": stranger.certificate.path]
        let error = await postgresError { try await server.connect(settings) }
        #expect(error?.kind == .connectFailed)
        #expect(error?.message.contains("certificate verify failed") == true)
    }

    @Test func aNameThatIsNotInTheCertificateIsRefused() async throws {
        let server = try await Self.server.value
        let settings = ["sslmode": "verify-full", "sslrootcert": server.certificate, "host": "localhost"]
        let error = await postgresError { try await server.connect(settings) }
        #expect(error?.kind == .connectFailed)
        #expect(error?.message.contains("does not match host name") == true)
    }

    @Test func aServerWithoutEncryptionIsRefused() async throws {
        let cluster = try await TestCluster.start(listensOnLoopback: true)
        var configuration = try PostgresConfiguration(cluster.conninfo)
        configuration["host"] = "127.0.0.1"
        configuration["sslmode"] = "require"
        let error = await postgresError { try await Connection.connect(configuration, logger: testLogger) }
        #expect(error?.kind == .connectFailed)
        #expect(error?.message.contains("server does not support SSL, but SSL was required") == true)
    }
}

private struct TLSServer: Sendable {
    let cluster: TestCluster
    let certificate: String

    init() async throws {
        let made = try await Self.makeCertificate(in: FileManager.default.temporaryDirectory)
        certificate = made.certificate.path
        cluster = try await TestCluster.start(settings: ["ssl = on"], listensOnLoopback: true) { data in
            for (file, name) in [(made.certificate, "server.crt"), (made.key, "server.key")] {
                let copy = data.appendingPathComponent(name)
                try FileManager.default.copyItem(at: file, to: copy)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy.path)
            }
        }
    }

    func connect(_ settings: [String: String]) async throws -> Connection {
        var configuration = try PostgresConfiguration(cluster.conninfo)
        configuration["host"] = "127.0.0.1"
        for (keyword, value) in settings { configuration[keyword] = value }
        return try await Connection.connect(configuration, logger: testLogger)
    }

    /// A new key and a certificate for 127.0.0.1 that it signed itself, in a directory of their own.
    static func makeCertificate(in parent: URL) async throws -> (directory: URL, certificate: URL, key: URL) {
        let directory = parent.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let certificate = directory.appendingPathComponent("server.crt")
        let key = directory.appendingPathComponent("server.key")
        let arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key.path, "-out",
            certificate.path,
        ]
        let openssl = try await TestProcess.run(.init(URL(filePath: "/usr/bin/env"), arguments))
        #expect(openssl.status == 0, "\(openssl.errors)")
        return (directory, certificate, key)
    }
}
