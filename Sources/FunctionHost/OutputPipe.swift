import Foundation
import Logging
import Stepwell
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a process, and all that it has started, print: lines of the worker's log, with the call that they belong to, and
/// the tail of that call.
final class OutputPipe: Sendable {
    private struct State: Sendable {
        /// For what is printed between calls.
        let ownLogger: Logger
        var logger: Logger
        var tail: LogTail?
        /// The beginning of a line whose end has not come yet.
        var line: [UInt8] = []
        var isOpen = true
        var hasWriter = true
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private static let longestLine = 8192

    /// The end for the process.
    let writer: FileDescriptor
    private let reader: Int32
    private let state: Mutex<State>

    /// - Throws: when there are no descriptors left.
    init(_ logger: Logger) throws {
        state = Mutex(State(ownLogger: logger, logger: logger))
        (reader, writer) = try Self.open()
        // A thread for each pipe, which sleeps until there is something: of a Dispatch source that is cancelled,
        // libdispatch's event loop on Linux has been seen to use what was freed.
        Thread.detachNewThread { [self] in
            var events = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            repeat { poll(&events, 1, -1) } while read()
            end()
        }
    }

    private static func open() throws -> (Int32, FileDescriptor) {
        var ends: [Int32] = [0, 0]
        let result = pipe(&ends)
        guard result == 0 else { throw FunctionHostError("a pipe can't be made: \(Errno(rawValue: errno))") }
        // Processes are started with nothing open but what they are given; others should not have it either.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A reader that has nothing to read goes on.
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], FileDescriptor(rawValue: ends[1]))
    }

    /// What is printed from now on belongs to a call.
    func begin(_ logger: Logger, _ tail: LogTail?) {
        _ = read()
        state.withLock {
            Self.flush(&$0)
            $0.logger = logger
            $0.tail = tail
        }
    }

    /// The call is over. What it printed before it answered is in the pipe by now.
    func endCall() {
        _ = read()
        state.withLock {
            Self.flush(&$0)
            $0.logger = $0.ownLogger
            $0.tail = nil
        }
    }

    /// The process has its end, or never will: this process's own is closed, once.
    func closeWriter() {
        let isOpen = state.withLock { state in
            defer { state.hasWriter = false }
            return state.hasWriter
        }
        if isOpen { try? writer.close() }
    }

    /// Waits until nobody can print any more.
    func closed() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock {
                if $0.isOpen { $0.waiters.append(continuation) }
                return $0.isOpen
            }
            if !isOpen { continuation.resume() }
        }
    }

    /// Reads what there is; false when there will be no more.
    private func read() -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            return withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
                // Whoever prints without a pause does not keep the others waiting.
                for _ in 0..<16 {
                    #if canImport(Glibc)
                        let count = Glibc.read(reader, buffer.baseAddress, buffer.count)
                    #elseif canImport(Musl)
                        let count = Musl.read(reader, buffer.baseAddress, buffer.count)
                    #else
                        let count = Darwin.read(reader, buffer.baseAddress, buffer.count)
                    #endif
                    if count == 0 { return false }
                    guard count > 0 else { return errno == EAGAIN || errno == EINTR }
                    Self.add(buffer.prefix(count), to: &state)
                }
                return true
            }
        }
    }

    private func end() {
        let waiters = state.withLock { state in
            Self.flush(&state)
            state.isOpen = false
            // Under the lock: nobody reads from a descriptor that may be somebody else's by then.
            close(reader)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private static func add(_ bytes: Slice<UnsafeMutableRawBufferPointer>, to state: inout State) {
        state.tail?.append(bytes)
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                flush(&state)
            } else if state.line.count < longestLine {
                state.line.append(byte)
            }
        }
    }

    private static func flush(_ state: inout State) {
        guard !state.line.isEmpty else { return }
        state.logger.info("Function printed", metadata: ["line": "\(String(decoding: state.line, as: UTF8.self))"])
        state.line.removeAll(keepingCapacity: true)
    }
}
