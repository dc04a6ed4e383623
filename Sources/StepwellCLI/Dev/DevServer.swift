import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// The cluster's server, running.
struct DevServer: Sendable {
    /// Through the socket: quick, without password.
    let socketURL: String
    /// Through TCP: for programs that know no sockets. Contains the password.
    let databaseURL: String
    /// Of TCP on 127.0.0.1; the directory keeps it over restarts.
    let port: UInt16
}

extension DevCluster {
    /// Starts the server, calls `body` with it, and stops the server.
    ///
    /// - Throws: what `body` throws; `Failure` with the end of the server's log if the server ends before `body` does.
    func withServer<Value: Sendable>(
        _ body: @escaping @Sendable (DevServer) async throws -> Value
    ) async throws -> Value {
        try await stopLeftover()
        directory.removeSockets()
        // The path of a socket has room for 107 bytes, so it can't be below the working directory.
        let socket = try TemporaryDirectory.make("/tmp/stepwell-XXXXXX", owner: account)
        symlink(socket, directory.sockets)
        defer { directory.removeSockets() }
        guard let password = directory.read(directory.password) else {
            throw Failure(.unavailable, "the cluster's password is gone", at: directory.password)
        }
        let port = LoopbackPort.free(preferring: directory.read(directory.port).flatMap(UInt16.init))
        try directory.write("\(port)", to: directory.port)
        let server = DevServer(
            socketURL: "postgresql://stepwell@/stepwell?host=\(socket)&port=\(port)",
            databaseURL: "postgresql://stepwell:\(password)@127.0.0.1:\(port)/stepwell",
            port: port
        )
        let program = try program(socket: socket, port: port)
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask {
                let exit = try await program.run()
                try Task.checkCancellation()
                throw Failure(
                    .unavailable,
                    "PostgreSQL \(exit):\n\(directory.endOfLog)",
                    at: directory.log,
                    remedy: "see the log"
                )
            }
            group.addTask {
                try await cancelWhenGracefulShutdown {
                    try await waitUntilReady()
                    try await createDatabase(through: server)
                }
                try directory.write(server.socketURL, to: directory.databaseURL)
                defer { unlink(directory.databaseURL) }
                return try await body(server)
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private func program(socket: String, port: UInt16) throws -> Program {
        var program = Program(
            installation.postgres,
            [
                "-D", data, "-k", socket, "-p", "\(port)", "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_permissions=0700", "-c", "cluster_name=stepwell-dev", "-c", "lc_messages=C",
            ],
            environment: Self.environment
        )
        program.account = account
        program.directory = "/"
        program.stopSignal = .interrupt
        // Not inherited: only the server writes to it.
        let log = open(directory.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw Failure(.unavailable, "the server's log can't be written", at: directory.log) }
        program.output = FileHandle(fileDescriptor: log, closeOnDealloc: true)
        return program
    }

    /// The server keeps its state on a line of its pid file.
    private func waitUntilReady() async throws {
        while true {
            let state = (directory.read(data + "/postmaster.pid") ?? "").split(separator: "\n")
            if state.contains(where: { $0.hasPrefix("ready") }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func createDatabase(through server: DevServer) async throws {
        let database = try PostgresConfiguration(server.socketURL)
        var maintenance = database
        maintenance["dbname"] = "postgres"
        let connection = try await Connection.connect(maintenance, logger: .quiet)
        let found = try await connection.query("select 1 from pg_database where datname = 'stepwell'")
        if found.isEmpty { try await connection.execute("create database stepwell") }
        // Without this, what is created without a schema would go to that of its user's name: Stepwell's own.
        try await connection.execute("alter database stepwell set search_path = public")
        await connection.close()
    }

    /// Deals with what a `dev` that was killed left behind. This process has the directory's lock, so no other `dev`
    /// runs: a server that still does is stopped, and a pid file without one is removed, because its number may by
    /// now be another process's.
    private func stopLeftover() async throws {
        let file = data + "/postmaster.pid"
        guard let first = directory.read(file)?.split(separator: "\n").first, let pid = pid_t(first), pid > 1
        else { return }
        while isServer(pid) {
            kill(pid, StopSignal.interrupt.number)
            try await Task.sleep(for: .milliseconds(50))
        }
        unlink(file)
    }

    private func isServer(_ pid: pid_t) -> Bool {
        #if os(Linux)
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
            return place == data
        #else
            return kill(pid, 0) == 0
        #endif
    }
}

extension DevDirectory {
    fileprivate var endOfLog: String {
        let lines = (read(log) ?? "").split(separator: "\n")
        return lines.suffix(8).joined(separator: "\n")
    }
}
