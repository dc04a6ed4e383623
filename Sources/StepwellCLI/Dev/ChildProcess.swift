import Foundation
import Synchronization

/// One run of a program, from whichever thread it is looked at.
final class ChildProcess: Sendable {
    private enum State {
        case waiting, cancelled, ended
        case running(pid_t)
    }

    private let state = Mutex(State.waiting)
    private let stopSignal: StopSignal

    init(stopSignal: StopSignal) {
        self.stopSignal = stopSignal
    }

    /// Starts the program and blocks until it has ended. If it was stopped before, it is not started.
    ///
    /// - Throws: what the system says if it can't be started.
    func run(_ program: Program) throws -> ProgramExit {
        let started = try state.withLock { state -> pid_t? in
            guard case .waiting = state else { return nil }
            let pid = try Self.spawn(program)
            state = .running(pid)
            return pid
        }
        guard let pid = started else { return .signal(stopSignal.number) }
        // Waits first and takes the status under the lock, so that a signal can't reach whoever has the number next.
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        return state.withLock { state in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            state = .ended
            return ProgramExit(waitStatus: status)
        }
    }

    /// Asks the program to stop, or keeps it from starting.
    func stop() {
        state.withLock { state in
            switch state {
            case .waiting: state = .cancelled
            case .running(let pid): kill(pid, stopSignal.number)
            case .cancelled, .ended: break
            }
        }
    }

    /// The child begins with no signal blocked or ignored, in a process group of its own, so that Ctrl-C reaches this
    /// process alone, and with no input.
    private static func spawn(_ program: Program) throws -> pid_t {
        #if canImport(Darwin)
            var attributes: posix_spawnattr_t?
            var actions: posix_spawn_file_actions_t?
        #else
            var attributes = posix_spawnattr_t()
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }

        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if let output = program.output {
            posix_spawn_file_actions_adddup2(&actions, output.fileDescriptor, STDOUT_FILENO)
            posix_spawn_file_actions_adddup2(&actions, output.fileDescriptor, STDERR_FILENO)
        }

        let words = program.words
        var arguments = words.map { strdup($0) } + [nil]
        var variables = program.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            throw Failure(.unavailable, "can't be started: \(String(cString: strerror(result)))", at: words[0])
        }
        return pid
    }
}
