#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Starts programs with `posix_spawn`. Foundation's `Process` waits for every descendant to end, which a server that
/// `pg_ctl` has started never does.
enum ChildProcess {
    /// Both ends of a pipe; programs started later don't inherit them.
    static func makePipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestCluster.Failure(description: "no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Starts a program. Without an input it reads nothing; without an output what it prints is thrown away.
    static func start(_ command: [String], input: Int32? = nil, output: Int32? = nil) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for stream in [Int32(1), 2] {
            if let output {
                posix_spawn_file_actions_adddup2(&actions, output, stream)
            } else {
                posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
            }
        }
        // Foundation's `Process` notices its child's end by a socket that every program started meanwhile inherits: a
        // server that kept it would keep that end from being noticed for good.
        for descriptor in 3..<min(Int32(clamping: sysconf(Int32(_SC_OPEN_MAX))), 4096) {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // A thread that serves tasks takes no signals; what it starts must.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let status = posix_spawnp(&child, command[0], &actions, &attributes, &arguments, environ)
        guard status == 0 else {
            throw TestCluster.Failure(description: "can't start \(command[0]): \(String(cString: strerror(status)))")
        }
        return child
    }

    /// Runs a program to its end and returns what it printed. Blocks.
    ///
    /// - Throws: The output of a program that fails.
    static func run(_ command: [String]) throws -> String {
        let (reader, writer) = try makePipe()
        defer { close(reader) }
        let child: pid_t
        do {
            defer { close(writer) }
            child = try start(command, output: writer)
        }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(reader, &buffer, buffer.count), count > 0 { output += buffer[..<count] }
        var status: Int32 = 0
        while waitpid(child, &status, 0) == -1, errno == EINTR {}
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 else {
            throw TestCluster.Failure(description: "\(command.joined(separator: " ")) failed:\n\(text)")
        }
        return text
    }
}
