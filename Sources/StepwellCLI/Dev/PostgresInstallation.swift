import Foundation

/// The programs of a PostgreSQL server on this machine.
struct PostgresInstallation {
    /// Where `initdb` and `postgres` are.
    let directory: String
    /// `15`.
    let majorVersion: String

    var initdb: String { directory + "/initdb" }
    var postgres: String { directory + "/postgres" }

    /// Looks where Debian puts the servers of all versions, then where `pg_config` and `PATH` point.
    ///
    /// - Parameter version: the major version that an existing cluster needs; nil takes the newest.
    static func find(version: String?) async throws(Failure) -> PostgresInstallation {
        var installations: [PostgresInstallation] = []
        for directory in await candidates() {
            guard let installation = await PostgresInstallation(directory: directory) else { continue }
            installations.append(installation)
        }
        guard !installations.isEmpty else {
            throw Failure(
                .unavailable,
                "PostgreSQL's server programs (initdb, postgres) are not on this machine",
                at: "/usr/lib/postgresql, pg_config --bindir and PATH",
                remedy: "apt-get install postgresql"
            )
        }
        guard let version else { return installations[0] }
        guard let match = installations.first(where: { $0.majorVersion == version }) else {
            let found = installations.map(\.majorVersion).joined(separator: ", ")
            throw Failure(
                .unavailable,
                "the cluster was made by PostgreSQL \(version); this machine has \(found)",
                remedy: "apt-get install postgresql-\(version), or remove the directory to begin with an empty database"
            )
        }
        return match
    }

    private init?(directory: String) async {
        self.directory = directory
        let programs = [directory + "/initdb", directory + "/postgres"]
        guard programs.allSatisfy(FileManager.default.isExecutableFile),
            // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
            let answer = try? await Program(directory + "/postgres", ["--version"]).output(),
            let version = answer.firstMatch(of: /\(PostgreSQL\) ([0-9]+)/)
        else { return nil }
        majorVersion = String(version.1)
    }

    private static func candidates() async -> [String] {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        var candidates = versions.compactMap { Int($0) }.sorted(by: >).map { "\(root)/\($0)/bin" }
        if let answer = try? await Program("/usr/bin/env", ["pg_config", "--bindir"]).output() {
            candidates.append(answer.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        candidates += path.split(separator: ":").map(String.init)
        var seen: Set<String> = []
        return candidates.filter { $0.hasPrefix("/") && seen.insert($0).inserted }
    }
}
