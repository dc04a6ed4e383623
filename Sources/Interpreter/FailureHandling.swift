import Expressions
import JSON
import StatesLanguage

/// Retry, Catch, and what happens when neither helps.
extension Run {
    /// What is to be done again once the number of the event that a failure's cause names is known.
    enum Resumption {
        /// The whole work of the state; nothing of it has left a trace.
        case work
        /// The treatment of its result.
        case result(JSONDocument)
        /// The treatment of its failure.
        case failure(StateFailure)
    }

    /// Decides what follows a failure of a state.
    mutating func settle(_ failure: StateFailure, in state: State, resumingWith resumption: Resumption) -> Step {
        guard let failure = framed(failure, in: state) else { return postpone(resumption, of: failure, in: state) }
        inspection?.failure = (failure.error, failure.cause)
        if let step = retry(failure, in: state) { return step }
        // A fatal failure leaves no trace of its own: the execution is simply over.
        if !failure.isFatal, let failed = state.kind.failedEvent { append(failed) }
        guard let place = state.catchers.firstIndex(where: { failure.matches($0.errorEquals) }) else {
            return end(with: failure)
        }
        inspection?.catchIndex = place
        do throws(StateFailure) {
            return try `catch`(failure, in: state, state.catchers[place])
        } catch {
            guard let error = framed(error, in: state) else {
                return postpone(.failure(failure), of: error, in: state)
            }
            return end(with: error)
        }
    }

    /// Waits until the entry of the state is recorded: only then has it a number that the failure's cause can name.
    private mutating func postpone(_ resumption: Resumption, of failure: StateFailure, in state: State) -> Step {
        if failure.isOfQuery, branch.lastEvent == branch.enteredEvent { stepBack(before: state) }
        switch resumption {
        case .work:
            branch.phase = .retrying
            branch.taskInput = nil
        case .result(let result):
            branch.phase = .concluding
            branch.taskInput = JSONDocument(trusted: "{\"Output\":\(result.text)}")
        case .failure(let failure):
            branch.phase = .concluding
            var members = failure.output
            if let alias = failure.alias { members["Alias"] = .string(alias) }
            if failure.lacksFrame { members["LacksFrame"] = .bool(true) }
            if let location = failure.location { members["Location"] = .string(location) }
            branch.taskInput = JSONDocument(.object(members))
        }
        return .stop(.proceed(function: nil))
    }

    /// Goes on with what was postponed.
    mutating func resume(_ state: State) -> Step {
        let kept = branch.taskInput ?? JSONDocument(.null)
        branch.taskInput = nil
        guard let members = try? value(of: kept) else { return unexpected(.due, in: state) }
        if let result = members["Output"] { return conclude(state, result: JSONDocument(result)) }
        var failure = StateFailure(
            error: members["Error"]?.string ?? "",
            cause: members["Cause"]?.string ?? "",
            alias: members["Alias"]?.string
        )
        failure.lacksFrame = members["LacksFrame"]?.bool ?? false
        failure.location = members["Location"]?.string
        return settle(failure, in: state, resumingWith: .failure(failure))
    }

    /// AWS goes on from what led to the state when its first expressions fail, except for a Wait.
    private mutating func stepBack(before state: State) {
        guard case .pending(let place) = branch.enteredEvent, branch.events.indices.contains(place) else { return }
        if case .wait = state.kind { return }
        branch.lastEvent = branch.events[place].previous
    }

    /// The failure with the sentence that names state and event, and recorded if JSONata is the reason; nil as long as
    /// the event has no number.
    private mutating func framed(_ failure: StateFailure, in state: State) -> StateFailure? {
        // In the test of a state there is no event to name.
        guard failure.lacksFrame, inspection == nil else { return failure }
        guard case .recorded(let entered) = branch.enteredEvent else { return nil }
        var failure = failure
        failure.addFrame(state: state.name, entered: entered)
        if failure.isOfQuery {
            let location = failure.location.map { [HistoryEvent.Detail("location", .string($0))] } ?? []
            append(.evaluationFailed, failure.details + location + [.init("state", .string(state.name))])
        }
        return failure
    }

    /// The pause before another attempt, if the first retrier that matches still allows one.
    private mutating func retry(_ failure: StateFailure, in state: State) -> Step? {
        guard let place = state.retriers.firstIndex(where: { failure.matches($0.errorEquals) }) else { return nil }
        let retrier = state.retriers[place]
        var uses = branch.retrierUses
        while uses.count <= place { uses.append(0) }
        inspection?.retryIndex = place
        guard uses[place] < retrier.maxAttempts else { return nil }
        let delay = retrier.delay(afterRetries: uses[place], random: &random)
        inspection?.retryBackoff = delay
        uses[place] += 1
        branch.retrierUses = uses
        branch.retryCount += 1
        branch.phase = .retrying
        branch.taskInput = nil
        branch.deadline = nil
        branch.heartbeatSeconds = nil
        return .stop(.pause(until: now.adding(seconds: delay), function: machine.entryFunction(at: state.name)))
    }

    private mutating func `catch`(
        _ failure: StateFailure,
        in state: State,
        _ catcher: Catcher
    ) throws(StateFailure) -> Step {
        let errorOutput = JSONDocument(.object(failure.output))
        let assigned = try assignments(catcher.assign, seeing: .errorOutput(errorOutput))
        let output =
            if let output = catcher.output {
                JSONDocument(try evaluate(output, seeing: .errorOutput(errorOutput)))
            } else {
                try put(errorOutput, at: catcher.resultPath)
            }
        return try leave(state, output: output, assigned: assigned, to: .next(catcher.next))
    }

    /// Ends the branch that failed, and with it the Parallel or Map around it, or the whole execution.
    mutating func end(with failure: StateFailure) -> Step {
        guard !failure.isFatal, owner(of: branch.state) != nil else { return endExecution(with: failure) }
        if case .task = machine.states[branch.state]?.kind { appendAside(.taskStateAborted) }
        return .stop(.failBranch(error: failure.error, cause: failure.cause))
    }

    mutating func endExecution(with failure: StateFailure) -> Step {
        append(.executionFailed, failure.details)
        return .stop(
            .endExecution(
                .failed(
                    error: failure.error.isEmpty ? nil : failure.error,
                    cause: failure.cause.isEmpty ? nil : failure.cause
                )
            )
        )
    }
}

extension StateFailure {
    /// Names the state and the event of its entry, as AWS does.
    mutating func addFrame(state: String, entered: Int) {
        cause = "\(Self.frame) '\(state)' (entered at the event id #\(entered)). \(cause)"
        lacksFrame = false
    }

    /// Whether the cause names a state.
    var hasFrame: Bool { cause.hasPrefix(Self.frame) }

    private static var frame: String { "An error occurred while executing the state" }

    /// `error` and `cause` as events show them: what is empty is left out.
    var details: [HistoryEvent.Detail] {
        var details: [HistoryEvent.Detail] = []
        if !error.isEmpty { details.append(.init("error", .string(error))) }
        if !cause.isEmpty { details.append(.init("cause", .string(cause))) }
        return details
    }

    /// What a Catch hands on. A timeout has an empty cause; other failures without a name or cause have nulls.
    var output: JSONObject {
        [
            "Error": error.isEmpty ? .null : .string(error),
            "Cause": cause.isEmpty && error != ErrorName.timeout ? .null : .string(cause),
        ]
    }
}

extension Retrier {
    /// Seconds until the next attempt after so many retries.
    func delay(afterRetries count: Int, random: inout some RandomNumberGenerator) -> Double {
        let longest = Double(maxDelaySeconds ?? Self.longestDelay)
        let delay = min(Double(intervalSeconds) * Self.power(backoffRate, count), longest)
        guard delay > 0 else { return 0 }
        return hasFullJitter ? Double.random(in: 0...delay, using: &random) : delay
    }

    /// The largest value of `MaxDelaySeconds`: 366 days.
    private static var longestDelay: Int { 31_622_400 }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest % 2 == 1 { result *= square }
            square *= square
            rest /= 2
        }
        return result
    }
}
