import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where all connections run: a thread that waits with `poll` until a socket is ready or a job is waiting, and, while it
/// sleeps, whoever has something short to do.
///
/// It is the executor of every `Connection`, so that readiness enters the actor without a hop; and what is sent goes out
/// from the thread that has it, unless the loop is at work. One thing runs at a time. Nothing slow may run here; a pool of
/// connections has few sockets, and `poll` is as fast as anything for those.
final class SocketLoop: SerialExecutor {
    static let shared = SocketLoop()

    /// Called on the loop's thread with what `poll` reported.
    typealias Handler = @Sendable (_ events: Int16) -> Void

    private struct State: Sendable {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var watches: [Int32: Watch] = [:]
        var watchesChanged = false
        /// The loop's thread sleeps, or is about to, and nobody has woken it.
        var isPolling = false
        /// The loop's thread, once it runs.
        var thread: pthread_t?
        /// Another thread that runs something in the loop's place.
        var guest: pthread_t?
        /// The loop's thread waits for the guest.
        var isWaiting = false

        /// Whether this thread may run something in the loop's place, now: what came before it is done.
        mutating func admit(_ thread: pthread_t) -> Bool {
            guard isPolling, guest == nil else { return false }
            guest = thread
            return true
        }

        /// There is something to do for the loop's thread.
        ///
        /// - Returns: whether it has to be woken for that.
        mutating func endSleep() -> Bool {
            defer { isPolling = false }
            return isPolling
        }

        /// The guest is done.
        ///
        /// - Returns: whether the loop's thread waits for that.
        mutating func leave() -> Bool {
            guest = nil
            defer { isWaiting = false }
            return isWaiting
        }

        /// The loop's thread has slept.
        ///
        /// - Returns: whether it may go on at once.
        mutating func goOn() -> Bool {
            isPolling = false
            isWaiting = guest != nil
            return !isWaiting
        }
    }

    private struct Watch: Sendable {
        var events: Int16
        let handler: Handler
    }

    private let state = Mutex(State())
    /// Where the loop's thread waits for a guest.
    private let guestHasLeft = DispatchSemaphore(value: 0)
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
            return state.endSleep()
        }
        if mustWake { wake() }
    }

    /// Runs something as part of the loop, in order: at once, on the caller's thread, if the loop sleeps; otherwise soon, on
    /// its own. The caller must hold no lock that anything in the loop takes.
    func perform(_ body: @escaping @Sendable () -> Void) {
        let (isGuest, mustWake) = state.withLock { state in
            if state.admit(pthread_self()) { return (true, false) }
            state.calls.append(body)
            return (false, state.endSleep())
        }
        if mustWake { wake() }
        guard isGuest else { return }
        body()
        if state.withLock({ $0.leave() }) { guestHasLeft.signal() }
    }

    func checkIsolated() {
        precondition(isInLoop, "not where PostgreSQL connections run")
    }

    func isIsolatingCurrentContext() -> Bool? { isInLoop }

    private var isInLoop: Bool {
        state.withLock { $0.guest ?? $0.thread }.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }

    private func change(_ body: (inout sending State) -> Void) {
        let mustWake = state.withLock { state in
            body(&state)
            state.watchesChanged = true
            return state.endSleep()
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
            if !state.withLock({ $0.goOn() }) { guestHasLeft.wait() }
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
