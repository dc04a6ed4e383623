import Foundation

/// A program to run as a child of this process.
///
/// The child never outlives its parent: cancelling the task that runs it ends it, and where the system can arrange
/// it (Linux), so does the parent's death, whatever its cause.
struct Program: Sendable {
    var executable: String
    var arguments: [String]
    var environment: [String: String]
    /// Where it runs; nil: where this process does.
    var directory: String?
    /// Whose rights it gets; nil: those of this process.
    var account: Account?
    /// Where its output goes; nil: where this process's own goes.
    var output: FileHandle?
    /// What asks it to stop.
    var stopSignal = StopSignal.terminate

    init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    /// Runs the program to its end. When the task is cancelled it is asked to stop, and still waited for.
    ///
    /// - Throws: what the system says if it can't be started.
    @concurrent
    func run() async throws -> ProgramExit {
        let child = ChildProcess(stopSignal: stopSignal)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A thread of its own, because the kernel ties the child's life to the thread that started it.
                let thread = Thread { continuation.resume(with: Result { try child.run(self) }) }
                thread.name = "child"
                thread.start()
            }
        } onCancel: {
            child.stop()
        }
    }

    /// Runs the program and answers what it printed.
    ///
    /// - Throws: `Failure` with the end of its output if it fails.
    func output() async throws -> String {
        let file = try FileHandle.temporary()
        var program = self
        program.output = file
        let exit = try await program.run()
        try Task.checkCancellation()
        try file.seek(toOffset: 0)
        let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        guard exit == .code(0) else {
            throw Failure(.unavailable, "\(executable) \(exit)\n\(text.suffix(1000))")
        }
        return text
    }

    /// The whole command: before the program's own words those that change its directory and user and tie its life to
    /// this process's.
    var words: [String] {
        let move = directory.map { ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, $0] } ?? []
        let own = move + [executable] + arguments
        let setpriv = "/usr/bin/setpriv"
        guard FileManager.default.isExecutableFile(atPath: setpriv) else { return own }
        let rights = account.map { ["--reuid=\($0.user)", "--regid=\($0.group)", "--clear-groups"] } ?? []
        return [setpriv, "--pdeathsig=\(stopSignal.rawValue)"] + rights + ["--"] + own
    }
}

/// How a program is asked to stop.
enum StopSignal: String {
    case terminate = "TERM"
    /// For PostgreSQL: sessions are cut off, data is written out.
    case interrupt = "INT"

    var number: Int32 { self == .terminate ? SIGTERM : SIGINT }
}

/// How a program ended.
enum ProgramExit: Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// What `wait` says: the signal in the lowest seven bits, or else the code in the next eight.
    init(waitStatus status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .code((status >> 8) & 0xFF) : .signal(signal)
    }

    var description: String {
        switch self {
        case .code(let code): "ended with status \(code)"
        case .signal(let number): "was ended by signal \(number)"
        }
    }
}

extension FileHandle {
    /// An open file without a name.
    fileprivate static func temporary() throws -> FileHandle {
        guard let file = tmpfile() else { throw CocoaError(.fileWriteUnknown) }
        defer { fclose(file) }
        return FileHandle(fileDescriptor: fcntl(fileno(file), F_DUPFD_CLOEXEC, 3), closeOnDealloc: true)
    }
}
