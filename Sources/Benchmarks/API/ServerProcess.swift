import Expressions
import Foundation
import JSON
import Postgres
import Server
import Store

/// The server, in a process of its own: this program again, with its command `server`.
final class ServerProcess {
    private let process = Process()
    private let output = Pipe()
    private let keyFile = FileManager.default.temporaryDirectory.appending(path: "stepwell-bench-key-\(UUID())")

    /// What requests to it are signed with.
    let requests: SignedRequests

    /// Starts it, and waits until it listens.
    static func start(_ database: BenchDatabase) async throws -> ServerProcess {
        let keyBytes = KeySealer.random(32)
        let key = NewAccessKey()
        guard let sealed = KeySealer(key: keyBytes).seal(key.secret, id: key.id) else {
            throw BenchFailure("an access key can't be made")
        }
        try await database.store.addAccessKey(
            StoredAccessKey(
                id: key.id,
                name: "bench",
                sealedSecret: sealed,
                grants: .array([Grant(actions: ["*"], prefix: "").json]),
                createdAt: .distantPast
            )
        )
        return try ServerProcess(database.configuration.conninfo, keyBytes: keyBytes, key: key)
    }

    private init(_ conninfo: String, keyBytes: [UInt8], key: NewAccessKey) throws {
        let isWritten = FileManager.default.createFile(
            atPath: keyFile.path,
            contents: Data(keyBytes),
            attributes: [.posixPermissions: 0o600]
        )
        guard isWritten else { throw BenchFailure("the key can't be written to \(keyFile.path)") }
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["server", "--database", conninfo, "--key-file", keyFile.path]
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.filter { !$0.isWhitespace }) else {
            throw BenchFailure("the server does not start")
        }
        requests = SignedRequests(port: port, keyID: key.id, secret: key.secret)
    }

    /// Seconds of CPU that it has used.
    var cpu: Double { ProcessTimes.of(process.processIdentifier) }

    /// Megabytes of memory that it holds now.
    var residentMegabytes: Double {
        let status = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/status")
        let line = String(decoding: status ?? Data(), as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("VmRSS:") }
        return Double(line?.filter(\.isNumber) ?? "").map { $0 / 1024 } ?? 0
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: keyFile)
    }
}
