#if FAULTS
    import Dispatch
    import Synchronization

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif
#endif

/// Places in the worker's protocol at which a debug build can end or freeze its own process, to prove that it may die
/// anywhere. In a release build a place is nothing at all.
///
/// `STEPWELL_CRASH=after-claim:3` kills the process (SIGKILL) when it comes to that place for the third time,
/// `STEPWELL_CRASH=after-claim:3:stop` freezes it (SIGSTOP).
enum CrashPoint: String {
    // The beginning of a life.
    case startRegistered = "start-registered"
    case startTakenOver = "start-taken-over"
    // Claiming.
    case beforeClaim = "before-claim"
    case afterClaim = "after-claim"
    case suspectStarted = "suspect-started"
    // A handler.
    case beforeHandler = "before-handler"
    case afterHandler = "after-handler"
    case transactionCompleted = "transaction-completed"
    case transactionCommitted = "transaction-committed"
    // A transition. `complete-sent` lies between the request and its answer: a moment after the request was begun.
    case beforeComplete = "before-complete"
    case completeSent = "complete-sent"
    case completeAcked = "complete-acked"
    case forked = "fork-written"
    case timerSet = "timer-set"
    case timerClaimed = "timer-claimed"
    // What belongs to nobody in particular.
    case beforeHeartbeat = "heartbeat-before"
    case afterHeartbeat = "heartbeat-after"
    case beforeRescue = "rescue-before"
    case afterRescue = "rescue-after"
    case beforeDelivery = "child-before"
    case afterDelivery = "child-after"
    // The end of a life.
    case beforeRelease = "release-before"
    case afterRelease = "release-after"

    /// The process is at this place.
    @inline(__always)
    func pass() {
        #if FAULTS
            reach()
        #endif
    }
}

#if FAULTS
    extension CrashPoint {
        private struct Trap {
            var place: String
            var count: Int
            var signal: Int32
        }

        private static let trap: Trap? = {
            guard let text = getenv("STEPWELL_CRASH") else { return nil }
            let words = String(cString: text).split(separator: ":").map(String.init)
            guard let place = words.first, CrashPoint(rawValue: place) != nil else {
                let note = "STEPWELL_CRASH names no place that there is, so nothing is made to crash\n"
                _ = note.withCString { write(STDERR_FILENO, $0, strlen($0)) }
                return nil
            }
            return Trap(
                place: place,
                count: words.count > 1 ? Int(words[1]) ?? 1 : 1,
                signal: words.count > 2 && words[2] == "stop" ? SIGSTOP : SIGKILL
            )
        }()

        private static let passes = Mutex(0)

        private func reach() {
            guard let trap = Self.trap, trap.place == rawValue else { return }
            let pass = Self.passes.withLock { passes in
                passes += 1
                return passes
            }
            guard pass == trap.count else { return }
            guard self == .completeSent else {
                // To this thread: it does not come any further.
                raise(trap.signal)
                return
            }
            // From before the request leaves to after its answer has come: the commit takes about as long.
            DispatchQueue.global()
                .asyncAfter(deadline: .now() + .microseconds(Int.random(in: 0...3000))) { kill(getpid(), trap.signal) }
        }
    }

    /// What handlers did, a line each in the file that `STEPWELL_JOURNAL` names: a checker that trusts no database reads
    /// it. A line is written by one call, so that it is whole even when the process dies.
    enum Journal {
        private static let file: Int32 =
            getenv("STEPWELL_JOURNAL").map { open($0, O_WRONLY | O_CREAT | O_APPEND, 0o644) } ?? -1

        /// - Parameter word: `begin`, or how the call ended.
        static func note(_ word: String, _ context: FunctionContext, fence: Int64) {
            guard file >= 0 else { return }
            let milliseconds = monotonicMilliseconds()
            let line =
                "\(word) \(context.functionName) \(context.idempotencyKey) \(fence) \(context.requestID)"
                + " \(context.attempt) \(milliseconds)\n"
            _ = line.withCString { write(file, $0, strlen($0)) }
        }

        private static func monotonicMilliseconds() -> Int {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        }
    }
#endif
