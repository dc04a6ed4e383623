import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The thread on which all connections run: it waits with `poll` until a socket is ready or a job is waiting.
///
/// It is the executor of every `Connection`, so that readiness enters the actor without a hop. Nothing slow may run
/// here; a pool of connections has few sockets, and `poll` is as fast as anything for those.
final class SocketLoop: SerialExecutor {
    static let shared = SocketLoop()

    /// Called on the loop's thread with what `poll` reported.
    typealias Handler = @Sendable (_ events: Int16) -> Void

    private struct State: Sendable {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var watches: [Int32: Watch] = [:]
        var watchesChanged = false
        var isPolling = false
        /// The thread, once it runs.
        var thread: pthread_t?
    }

    private struct Watch: Sendable {
        var events: Int16
        let handler: Handler
    }

    private let state = Mutex(State())
    private let wakeReader: Int32
    private let wakeWriter: Int32

    private init() {
        // Without a pipe and a thread there is no database; both fail only while the machine is out of resources.
        var ends: [Int32] = [-1, -1]
        while pipe(&ends) != 0 { usleep(100_000) }
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        while !startThread({ [self] in run() }) { usleep(100_000) }
    }

    /// Calls the handler whenever the descriptor can be read, or the connection has broken.
    func watch(_ descriptor: Int32, handler: @escaping Handler) {
        change { $0.watches[descriptor] = Watch(events: Int16(POLLIN), handler: handler) }
    }

    /// Whether the handler is also called when the descriptor can be written to.
    func setWantsWrite(_ wantsWrite: Bool, on descriptor: Int32) {
        change { $0.watches[descriptor]?.events = Int16(wantsWrite ? POLLIN | POLLOUT : POLLIN) }
    }

    /// Must be called before the descriptor is closed, since its number may be given out again at once.
    func unwatch(_ descriptor: Int32) {
        change { $0.watches[descriptor] = nil }
    }

    /// Whether the descriptor can be read, or is broken, at this moment.
    static func hasNews(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustWake = state.withLock { state in
            state.jobs.append(job)
            defer { state.isPolling = false }
            return state.isPolling
        }
        if mustWake { wake() }
    }

    /// Runs something on the loop's thread, soon and in order. Cheaper than entering an actor, which comes back as well.
    func perform(_ body: @escaping @Sendable () -> Void) {
        let mustWake = state.withLock { state in
            state.calls.append(body)
            defer { state.isPolling = false }
            return state.isPolling
        }
        if mustWake { wake() }
    }

    func checkIsolated() {
        precondition(isOnThread, "not on the thread of the PostgreSQL connections")
    }

    func isIsolatingCurrentContext() -> Bool? { isOnThread }

    private var isOnThread: Bool {
        state.withLock { $0.thread }.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }

    private func change(_ body: (inout sending State) -> Void) {
        let mustWake = state.withLock { state in
            body(&state)
            state.watchesChanged = true
            defer { state.isPolling = false }
            return state.isPolling
        }
        if mustWake { wake() }
    }

    private func wake() {
        // A full pipe wakes the loop as well, so the result doesn't matter.
        var byte: UInt8 = 0
        _ = write(wakeWriter, &byte, 1)
    }

    private func run() {
        state.withLock { $0.thread = pthread_self() }
        let executor = asUnownedSerialExecutor()
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var handlers: [Handler?] = []
        var descriptors: [pollfd] = []
        while true {
            jobs.removeAll(keepingCapacity: true)
            calls.removeAll(keepingCapacity: true)
            state.withLock { state in
                swap(&state.jobs, &jobs)
                swap(&state.calls, &calls)
            }
            for job in jobs { job.runSynchronously(on: executor) }
            for call in calls { call() }

            let mayWait = state.withLock { state in
                if state.watchesChanged || descriptors.isEmpty {
                    state.watchesChanged = false
                    descriptors = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
                    handlers = [nil]
                    for (descriptor, watch) in state.watches {
                        descriptors.append(pollfd(fd: descriptor, events: watch.events, revents: 0))
                        handlers.append(watch.handler)
                    }
                }
                state.isPolling = state.jobs.isEmpty && state.calls.isEmpty
                return state.isPolling
            }
            let ready = poll(&descriptors, nfds_t(descriptors.count), mayWait ? -1 : 0)
            state.withLock { $0.isPolling = false }
            guard ready > 0 else { continue }
            if descriptors[0].revents != 0 { drainWakePipe() }
            for index in 1..<max(1, descriptors.count) where descriptors[index].revents != 0 {
                // A handler may have closed the connection of a later one; then its descriptor is gone or another's.
                let isCurrent = state.withLock { !$0.watchesChanged || $0.watches[descriptors[index].fd] != nil }
                if isCurrent { handlers[index]?(descriptors[index].revents) }
            }
        }
    }

    private func drainWakePipe() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while let address = buffer.baseAddress, read(wakeReader, address, buffer.count) == buffer.count {}
        }
    }
}
