import Foundation
import Logging
import Postgres

/// The private PostgreSQL cluster of `stepwell dev`: a superuser `stepwell` and a database of that name.
///
/// It is reached through a socket in a directory that only its owner may enter, without password, and through a port on
/// 127.0.0.1, with one. It is as durable as any other: fsync stays on.
struct DevCluster: Sendable {
    let directory: DevDirectory
    let installation: PostgresInstallation
    let account: Account?
    /// Where its data is.
    let data: String

    /// The cluster of the directory; a new one if it has none.
    static func prepare(in directory: DevDirectory) async throws -> DevCluster {
        guard let data = existingData(in: directory) else { return try await create(in: directory) }
        let account = try Account.owner(of: data)
        guard let version = directory.read(data + "/PG_VERSION") else {
            throw Failure(.unavailable, "the cluster can't be read", at: data, remedy: "remove \(directory.path)")
        }
        let installation = try await PostgresInstallation.find(version: version)
        return DevCluster(directory: directory, installation: installation, account: account, data: data)
    }

    private static func existingData(in directory: DevDirectory) -> String? {
        guard FileManager.default.fileExists(atPath: directory.cluster + "/PG_VERSION") else { return nil }
        return URL(fileURLWithPath: directory.cluster).resolvingSymlinksInPath().path
    }

    /// Makes a cluster; `cluster` appears once it is complete.
    private static func create(in directory: DevDirectory) async throws -> DevCluster {
        let account = try Account.forNewCluster()
        let installation = try await PostgresInstallation.find(version: nil)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        where name.hasPrefix("cluster-") {
            // Left by a `dev` that was killed before it had made one.
            try? FileManager.default.removeItem(atPath: directory.path + "/" + name)
        }
        // A server that runs as another user may not be let through to here, as below root's home.
        let isReachable = account?.canReach(directory.path) ?? true
        let data = try TemporaryDirectory.make(
            isReachable ? directory.path + "/cluster-XXXXXX" : "/var/tmp/stepwell-cluster-XXXXXX",
            owner: account
        )
        do {
            let password = (0..<4).map { _ in String(UInt32.random(in: 0x1000_0000...UInt32.max), radix: 16) }.joined()
            let passwords = try TemporaryDirectory.make("/tmp/stepwell-XXXXXX", owner: account)
            defer { try? FileManager.default.removeItem(atPath: passwords) }
            try DevDirectory(path: passwords).write(password, to: passwords + "/password")
            try account?.own(passwords + "/password")
            var initdb = Program(
                installation.initdb,
                [
                    "--pgdata=\(data)", "--username=stepwell", "--encoding=UTF8", "--locale=\(locale)",
                    "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=\(passwords)/password",
                ],
                environment: environment
            )
            initdb.account = account
            initdb.directory = "/"
            _ = try await initdb.output()
            try directory.write(password, to: directory.password)
            try publish(data, as: directory.cluster, isInside: isReachable)
        } catch {
            try? FileManager.default.removeItem(atPath: data)
            throw error
        }
        guard let data = existingData(in: directory) else {
            throw Failure(.unavailable, "the new cluster is not where it should be", at: directory.cluster)
        }
        return DevCluster(directory: directory, installation: installation, account: account, data: data)
    }

    private static func publish(_ data: String, as name: String, isInside: Bool) throws {
        // A link that leads nowhere is left when the data was removed.
        unlink(name)
        if isInside {
            try FileManager.default.moveItem(atPath: data, toPath: name)
        } else {
            try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: data)
        }
    }

    /// Sorting and upper case as in Unicode where the system has a locale for that without language.
    private static var locale: String {
        #if os(Linux)
            "C.UTF-8"
        #else
            "C"
        #endif
    }

    /// What the server's programs see: nothing that would lead them elsewhere, such as `PGDATA`.
    static var environment: [String: String] {
        var environment = ["LC_ALL": locale, "PATH": "/usr/bin:/bin"]
        environment["TZ"] = ProcessInfo.processInfo.environment["TZ"]
        return environment
    }
}
