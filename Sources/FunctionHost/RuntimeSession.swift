import Foundation

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
actor RuntimeSession {
    private enum Stage {
        case starting
        case waiting(CheckedContinuation<Invocation?, Never>)
        case running(requestID: String)
        case ended(InvocationOutcome)
    }

    private var stage = Stage.starting
    /// Given and not fetched yet.
    private var pending: Invocation?
    private var caller: CheckedContinuation<InvocationOutcome, Never>?
    private var limit: Task<Void, Never>?
    private let timeout: Duration
    /// How long a process may take until it asks for its first call. (Lambda: 10 seconds.)
    private let startTimeout: Duration

    init(timeout: Duration, startTimeout: Duration) {
        self.timeout = timeout
        self.startTimeout = startTimeout
    }

    enum Activity {
        case resting
        case busy
        case over
    }

    var activity: Activity {
        if case .ended = stage { return .over }
        return caller == nil ? .resting : .busy
    }

    // MARK: The worker's side

    /// Hands a call to the process and waits for what comes of it. After `.timedOut` and `.cancelled` the process is of no
    /// use any more.
    func invoke(_ invocation: Invocation) async -> InvocationOutcome {
        if case .ended(let outcome) = stage { return outcome }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                caller = continuation
                pending = invocation
                // One that waits already has it at once.
                if case .waiting = stage { deliver() } else { bound(by: startTimeout) }
            }
        } onCancel: {
            Task { await self.end(.cancelled) }
        }
    }

    /// The process has ended, or must not be used any more.
    func end(_ outcome: InvocationOutcome) {
        if case .ended = stage { return }
        if case .waiting(let runtime) = stage { runtime.resume(returning: nil) }
        stage = .ended(outcome)
        finish(outcome)
    }

    private func bound(by duration: Duration) {
        limit?.cancel()
        limit = Task {
            do { try await Task.sleep(for: duration) } catch { return }
            end(.timedOut)
        }
    }

    private func finish(_ outcome: InvocationOutcome) {
        limit?.cancel()
        limit = nil
        caller?.resume(returning: outcome)
        caller = nil
    }

    private func deliver() {
        guard case .waiting(let runtime) = stage, var invocation = pending else { return }
        pending = nil
        stage = .running(requestID: invocation.requestID)
        bound(by: timeout)
        let seconds = Double(timeout.components.seconds)
        invocation.deadline = Int64((Date().timeIntervalSince1970 + seconds) * 1000)
        runtime.resume(returning: invocation)
    }

    // MARK: The runtime's side

    /// The next call; nil if there will be none.
    func next() async -> Invocation? {
        switch stage {
        case .ended: return nil
        case .waiting(let other): other.resume(returning: nil)
        case .running, .starting: break
        }
        return await withCheckedContinuation { continuation in
            stage = .waiting(continuation)
            deliver()
        }
    }

    /// Takes what came of a call; false if it is not the one that runs.
    func report(_ outcome: InvocationOutcome, of requestID: String) -> Bool {
        guard case .running(requestID) = stage else { return false }
        stage = .starting
        finish(outcome)
        return true
    }
}
