import Foundation
import NIOCore
import Synchronization

/// A call as a runtime is told of it.
struct Invocation: Sendable {
    let requestID: String
    let event: String
    let functionARN: String
    let traceHeader: String?
    /// In milliseconds since 1970, set when the runtime fetches the call.
    var deadline: Int64 = 0
}

/// How a call ended.
enum InvocationOutcome: Sendable, Equatable {
    case responded(String)
    /// The runtime reported an error: its type, and what it says about it as JSON.
    case failed(type: String, body: String)
    /// The response was larger than Lambda allows.
    case tooLarge
    /// The process ended; how, in the words that Lambda has for it.
    case ended(String)
    case timedOut
    /// Nobody waits for it any more.
    case cancelled
}

/// What is known of one process: whether it has asked for work, which call it has, and what came of it. Calls come one at
/// a time.
///
/// A lock, not an actor: a call is fetched and answered on the event loop that read the request, without a change of
/// threads between the two processes.
final class RuntimeSession: Sendable {
    /// Takes the next call; nil: there will be none.
    typealias Fetch = @Sendable (Invocation?) -> Void

    private enum Stage: Sendable {
        case starting
        case waiting(Fetch)
        case running(requestID: String)
        case ended(InvocationOutcome)
    }

    private struct State: Sendable {
        var stage = Stage.starting
        /// Given and not fetched yet.
        var pending: Invocation?
        var caller: CheckedContinuation<InvocationOutcome, Never>?
        /// When the call has taken too long.
        var limit: NIODeadline?
        /// What looks at the limit. It stays when a call ends in time, for the next call: timers cost more than that look.
        var alarm: (due: NIODeadline, timer: Scheduled<Void>)?
    }

    /// What is to be done once the lock is given back.
    private typealias Consequence = () -> Void

    /// Where the process is talked to.
    let loop: any EventLoop
    private let state = Mutex(State())
    private let timeout: TimeAmount
    /// How long a process may take until it asks for its first call.
    private let startTimeout: TimeAmount

    init(timeout: Duration, startTimeout: Duration, loop: any EventLoop) {
        self.timeout = TimeAmount(timeout)
        self.startTimeout = TimeAmount(startTimeout)
        self.loop = loop
    }

    enum Activity {
        case resting
        case busy
        case over
    }

    var activity: Activity {
        state.withLock { state in
            if case .ended = state.stage { return .over }
            return state.caller == nil ? .resting : .busy
        }
    }

    // MARK: The worker's side

    /// Hands a call to the process and waits for what comes of it. After `.timedOut` and `.cancelled` the process is of no
    /// use any more.
    func invoke(_ invocation: Invocation) async -> InvocationOutcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let consequence = state.withLock { state -> Consequence? in
                    if case .ended(let outcome) = state.stage { return { continuation.resume(returning: outcome) } }
                    state.caller = continuation
                    state.pending = invocation
                    // One that waits already has it at once.
                    if case .waiting(let fetch) = state.stage { return deliver(to: fetch, &state) }
                    bound(by: startTimeout, &state)
                    return nil
                }
                consequence?()
            }
        } onCancel: {
            end(.cancelled)
        }
    }

    /// The process has ended, or must not be used any more.
    func end(_ outcome: InvocationOutcome) {
        let consequence = state.withLock { end(outcome, &$0) }
        consequence?()
    }

    private func end(_ outcome: InvocationOutcome, _ state: inout State) -> Consequence? {
        if case .ended = state.stage { return nil }
        var fetch: Fetch?
        if case .waiting(let waiting) = state.stage { fetch = waiting }
        let (caller, timer) = (state.caller, state.alarm?.timer)
        state = State()
        state.stage = .ended(outcome)
        return {
            timer?.cancel()
            fetch?(nil)
            caller?.resume(returning: outcome)
        }
    }

    private func deliver(to fetch: @escaping Fetch, _ state: inout State) -> Consequence? {
        guard var invocation = state.pending else { return nil }
        state.pending = nil
        state.stage = .running(requestID: invocation.requestID)
        bound(by: timeout, &state)
        invocation.deadline = Int64(Date().timeIntervalSince1970 * 1000) + timeout.nanoseconds / 1_000_000
        return { [invocation] in fetch(invocation) }
    }

    // MARK: Limits

    private func bound(by amount: TimeAmount, _ state: inout State) {
        let limit = NIODeadline.now() + amount
        state.limit = limit
        if let alarm = state.alarm {
            if alarm.due <= limit { return }
            alarm.timer.cancel()
        }
        setAlarm(at: limit, &state)
    }

    private func setAlarm(at due: NIODeadline, _ state: inout State) {
        state.alarm = (due, loop.scheduleTask(deadline: due) { [weak self] in self?.lookAtLimit(due) })
    }

    private func lookAtLimit(_ due: NIODeadline) {
        let consequence = state.withLock { state -> Consequence? in
            // One that another has taken the place of.
            guard state.alarm?.due == due else { return nil }
            state.alarm = nil
            guard let limit = state.limit else { return nil }
            if limit <= .now() { return end(.timedOut, &state) }
            setAlarm(at: limit, &state)
            return nil
        }
        consequence?()
    }

    // MARK: The runtime's side

    /// Asks for the next call, which comes as soon as there is one.
    func next(_ fetch: @escaping Fetch) {
        let consequence = state.withLock { state -> Consequence? in
            var other: Fetch?
            switch state.stage {
            case .ended: return { fetch(nil) }
            case .waiting(let waiting): other = waiting
            case .running, .starting: break
            }
            state.stage = .waiting(fetch)
            let delivery = deliver(to: fetch, &state)
            return {
                other?(nil)
                delivery?()
            }
        }
        consequence?()
    }

    /// Takes what came of a call; false if it is not the one that runs.
    func report(_ outcome: InvocationOutcome, of requestID: String) -> Bool {
        let (isRunning, caller) = state.withLock { state -> (Bool, CheckedContinuation<InvocationOutcome, Never>?) in
            guard case .running(requestID) = state.stage else { return (false, nil) }
            state.stage = .starting
            state.limit = nil
            defer { state.caller = nil }
            return (true, state.caller)
        }
        caller?.resume(returning: outcome)
        return isRunning
    }
}
