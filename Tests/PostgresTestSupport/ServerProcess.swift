import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files and the processes of a cluster.
final class ServerProcess: Sendable {
    let port: Int
    let dataDirectory: URL
    private let directory: URL
    private let tools: ServerTools
    /// Open as long as the cluster is wanted. When it closes, by the end of this process if by nothing else, the
    /// watcher at its other end stops the server and removes the files.
    private let lifeline: Int32

    var socketDirectory: String { directory.path }

    /// Where hundreds of tests run at once on two cores, a connection may take its time.
    var conninfo: String { "host=\(directory.path) port=\(port) user=postgres dbname=postgres connect_timeout=60" }

    /// Makes the files of a cluster.
    ///
    /// - Parameter isInMemory: whether they are kept in memory if there is plenty of it: hundreds of databases are hundreds
    ///   of thousands of files, which take a disk longer than all tests.
    /// - Parameter primary: whose standby it becomes; nil: it begins empty.
    init(
        isInMemory: Bool,
        settings: [String],
        listensOnLoopback: Bool,
        following primary: ServerProcess? = nil,
        prepare: @Sendable (URL) throws -> Void
    ) async throws {
        tools = try ServerTools()
        directory = try Self.makeDirectory(isInMemory: isInMemory)
        dataDirectory = directory.appendingPathComponent("data")
        lifeline = try Self.startWatcher(of: directory, data: dataDirectory, tools: tools)
        port = listensOnLoopback ? try Self.freePort() : 5432

        try await tools.handOver(directory)
        if let primary {
            try await tools.run(
                "pg_basebackup",
                [
                    "-D", dataDirectory.path, "-h", primary.socketDirectory, "-p", "\(primary.port)", "-U", "postgres",
                    "-R", "-N", "-c", "fast",
                ]
            )
        } else {
            try await tools.run(
                "initdb",
                ["-D", dataDirectory.path, "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust", "-N"]
            )
        }
        let lines = [
            "port = \(port)", "listen_addresses = '\(listensOnLoopback ? "127.0.0.1" : "")'",
            "unix_socket_directories = '\(directory.path)'", "fsync = off", "full_page_writes = off",
            "synchronous_commit = off", "shared_buffers = 64MB", "max_connections = 1000", "max_wal_size = 256MB",
        ]
        let file = dataDirectory.appendingPathComponent("postgresql.auto.conf")
        // A standby's file says whom it follows.
        let followed = primary == nil ? "" : try String(contentsOf: file, encoding: .utf8)
        try Data((followed + (lines + settings).joined(separator: "\n") + "\n").utf8).write(to: file)
        try prepare(dataDirectory)
        try await tools.handOver(directory)
    }

    func start() async throws {
        let log = directory.appendingPathComponent("log")
        do {
            try await tools.run("pg_ctl", ["-D", dataDirectory.path, "-l", log.path, "-w", "start"])
        } catch {
            let reason = (try? String(contentsOf: log, encoding: .utf8)) ?? "there is no log"
            throw TestCluster.Failure(description: "\(error)\nThe server's log:\n\(reason.suffix(2000))")
        }
    }

    func promote() async throws {
        try await tools.run("pg_ctl", ["-D", dataDirectory.path, "-w", "promote"])
    }

    func stop(_ mode: TestCluster.StopMode) async throws {
        try await tools.run("pg_ctl", ["-D", dataDirectory.path, "-m", mode.rawValue, "-w", "stop"])
    }

    private static func makeDirectory(isInMemory: Bool) throws -> URL {
        let parent = isInMemory && freeBytes(of: "/dev/shm") > 12 << 30 ? "/dev/shm" : "/tmp"
        // Short, because a socket's path has room for 107 bytes.
        var name = Array("\(parent)/swpg.XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else {
            throw TestCluster.Failure(description: "can't make a directory in \(parent)")
        }
        return URL(fileURLWithPath: String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    private static func freeBytes(of directory: String) -> UInt64 {
        var figures = statvfs()
        guard statvfs(directory, &figures) == 0 else { return 0 }
        return UInt64(figures.f_bavail) * UInt64(figures.f_frsize)
    }

    deinit { close(lifeline) }

    private static func startWatcher(of directory: URL, data: URL, tools: ServerTools) throws -> Int32 {
        let (reader, writer) = try ChildProcess.makePipe()
        defer { close(reader) }
        let stop = (tools.command("pg_ctl") + ["-D", data.path, "-m", "immediate", "-w", "stop"]).joined(separator: " ")
        let script = "trap '' INT TERM HUP; while read -r _; do :; done; \(stop); rm -rf \(directory.path)"
        _ = try ChildProcess.start(["/bin/sh", "-c", script], input: reader)
        return writer
    }

    /// A port that is free now, from below those that the system gives to clients.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = UInt16.random(in: 15_000..<32_000)
            if isFree(port) { return Int(port) }
        }
        throw TestCluster.Failure(description: "no free port found")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
