import Dispatch
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The programs of a PostgreSQL server, and the user to run them as: they refuse to be run by root.
struct ServerTools: Sendable {
    private let directory: String
    private let user: String?

    init() throws {
        let directory = Self.candidates().first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
        guard let directory else {
            throw TestCluster.Failure(
                description:
                    "no PostgreSQL server found: install it (apt-get install postgresql) or set STEPWELL_TEST_PG"
            )
        }
        self.directory = directory
        user = geteuid() != 0 ? nil : getpwnam("postgres") != nil ? "postgres" : "nobody"
    }

    /// Runs one of the programs to its end.
    ///
    /// - Throws: Its output, if it fails.
    func run(_ program: String, _ arguments: [String]) async throws {
        try await Self.run(command(program) + arguments)
    }

    /// Gives a directory to the user that the server runs as.
    func handOver(_ directory: URL) async throws {
        if let user { try await Self.run(["chown", "-R", "\(user):", directory.path]) }
    }

    /// The words that run a program as the right user.
    func command(_ program: String) -> [String] {
        let path = "\(directory)/\(program)"
        guard let user else { return [path] }
        return ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", path]
    }

    private static func run(_ command: [String]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global()
                .async {
                    continuation.resume(with: Result { _ = try ChildProcess.run(command) })
                }
        }
    }

    /// Where the programs may be: where `pg_config` says, else Debian's places, the newest version first.
    private static func candidates() -> [String] {
        let configured = try? ChildProcess.run(["pg_config", "--bindir"])
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let installed = versions.compactMap(Int.init).sorted(by: >).map { "/usr/lib/postgresql/\($0)/bin" }
        return [configured?.trimmingCharacters(in: .whitespacesAndNewlines)].compactMap(\.self) + installed
    }
}
