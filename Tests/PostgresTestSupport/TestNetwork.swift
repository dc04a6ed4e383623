import Foundation
package import Postgres

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What stands between the tests and their server, by the environment: the second tier of `deploy/test` runs them with each.
///
/// - `STEPWELL_TEST_PGBOUNCER=1`: PgBouncer in transaction mode. Who listens goes to the server itself.
/// - `STEPWELL_TEST_NOTIFY=off`: every notification is lost.
/// - `STEPWELL_TEST_SCHEMA=orders`: the schema has that name.
package enum TestNetwork {
    package static let isPooled = ProcessInfo.processInfo.environment["STEPWELL_TEST_PGBOUNCER"] == "1"
    package static let losesNotifications = ProcessInfo.processInfo.environment["STEPWELL_TEST_NOTIFY"] == "off"

    /// The schema's name, where it is another one than usual.
    package static let schema = ProcessInfo.processInfo.environment["STEPWELL_TEST_SCHEMA"]

    /// Run in every new database: the built-in function steps aside for one that does nothing.
    static let losing = [
        "ALTER FUNCTION pg_catalog.pg_notify(text, text) RENAME TO pg_notify_lost",
        """
        CREATE FUNCTION pg_catalog.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$
        """,
    ]

    /// Where to LISTEN, for a database that is reached through a pooler.
    package static func listening(_ configuration: PostgresConfiguration) -> PostgresConfiguration {
        guard isPooled, let server = configuration["application_name"] else { return configuration }
        var configuration = configuration
        configuration["host"] = server
        configuration["port"] = "5432"
        return configuration
    }

    /// What programs need in their environment besides the database.
    package static func environment(for conninfo: String) -> [String: String] {
        var environment: [String: String] = [:]
        environment["STEPWELL_SCHEMA"] = schema
        if isPooled, let configuration = try? PostgresConfiguration(conninfo) {
            environment["STEPWELL_LISTEN_URL"] = listening(configuration).conninfo
        }
        return environment
    }
}

/// A PgBouncer in front of a test server, in the same directory.
final class TestPooler: Sendable {
    let port: Int

    /// - Parameter directory: of the server's socket; the pooler's own socket is there as well.
    init(directory: String) throws {
        port = 6432
        let path = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let path else {
            throw TestCluster.Failure(description: "no PgBouncer found: install it (apt-get install pgbouncer)")
        }
        let settings = """
            [databases]
            * = host=\(directory) port=5432
            [pgbouncer]
            listen_addr =
            listen_port = \(port)
            unix_socket_dir = \(directory)
            auth_type = trust
            auth_file = \(directory)/users
            pool_mode = transaction
            default_pool_size = 20
            max_client_conn = 5000
            server_idle_timeout = 5
            ignore_startup_parameters = extra_float_digits,options
            """
        try Data((settings + "\n").utf8).write(to: URL(fileURLWithPath: directory + "/pgbouncer.ini"))
        try Data("\"postgres\" \"\"\n".utf8).write(to: URL(fileURLWithPath: directory + "/users"))
        let user = geteuid() != 0 ? [] : ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        // It ends with the tests: a shell waits for the end of its input, which this process holds.
        let (reader, writer) = try ChildProcess.makePipe()
        defer { close(reader) }
        let command = (user + [path, "-q", directory + "/pgbouncer.ini"]).joined(separator: " ")
        let script = "\(command) & trap '' INT TERM HUP; while read -r _; do :; done; kill $!"
        _ = try ChildProcess.start(["/bin/sh", "-c", script], input: reader)
        lifeline = writer
    }

    private let lifeline: Int32
    deinit { close(lifeline) }
}
