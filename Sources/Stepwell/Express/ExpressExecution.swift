import Expressions
import Interpreter
import JSON
import Logging
import StatesLanguage
import Store
import Synchronization

/// An execution in memory: what rows of `steps` and the claim loop do for a durable one, child tasks do here. The
/// interpreter is the same.
final class ExpressExecution: Sendable {
    /// How a branch ended.
    private enum End: Sendable {
        case done(JSONDocument, last: EventReference)
        /// `hasBegun`: whether it got as far as its first state.
        case failed(error: String, cause: String, last: EventReference, hasBegun: Bool)
        /// The whole execution is over.
        case execution(ExecutionEnd)
        case cancelled
    }

    /// What follows a decision.
    private enum Next: Sendable {
        case outcome(Outcome, version: String = FunctionReference.latest)
        case end(End)
    }

    private struct Activity {
        /// Branches that need this process now, rather than wait for something.
        var busy = 1
        /// Whether the slot was given back.
        var isResting = false
    }

    /// Branches of one fork that exist at once.
    private static let childLimit = 1000

    private let engine: Engine
    let step: ClaimedStep
    private let deadline: ContinuousClock.Instant
    private let interpreter: Interpreter
    private let log: ExpressLog
    private let activity = Mutex(Activity())

    /// - Parameter deadline: when the execution's time is over.
    init(engine: Engine, step: ClaimedStep, deadline: ContinuousClock.Instant) {
        var limits = engine.limits
        limits.historyEvents = .max
        self.engine = engine
        self.step = step
        self.deadline = deadline
        interpreter = Interpreter(machine: step.revision.machine, execution: step.execution, limits: limits)
        log = ExpressLog(step: step, logger: engine.logger)
    }

    /// Runs until the execution ends.
    ///
    /// - Returns: nil: the task was cancelled.
    func run() async -> ExecutionEnd? {
        guard case .execution(let end) = await run(step.branch, at: "0") else { return nil }
        return end
    }

    /// - Parameter path: tells the branch from others, alike whenever the execution is run.
    private func run(_ start: Branch, at path: String) async -> End {
        var branch = start
        var outcome = Outcome.due
        var version = FunctionReference.latest
        while !Task.isCancelled {
            var random = WitnessedRandom(engine.surroundings)
            let decision = interpreter.advance(
                branch,
                on: outcome,
                now: engine.time(for: branch),
                executedVersion: version,
                random: &random
            )
            branch = decision.branch
            log.record(&branch)
            switch await carryOut(decision.next, of: &branch, at: path) {
            case .outcome(let next, let executed): (outcome, version) = (next, executed)
            case .end(let end): return end
            }
        }
        return .cancelled
    }

    private func carryOut(_ next: Decision.Next, of branch: inout Branch, at path: String) async -> Next {
        switch next {
        case .invoke(let call):
            guard let answer = await task(of: branch, path).invoke(call) else { return .end(.cancelled) }
            return .outcome(answer.outcome, version: answer.version)
        case .request(let request): return await answer(task(of: branch, path).request(request))
        case .startExecution(let child) where !child.isAwaited:
            return await answer(task(of: branch, path).start(child))
        case .pause(let until, _):
            await outOfHand {
                let surroundings = engine.surroundings
                await surroundings.sleep(until: engine.instant(of: until, now: surroundings.now))
            }
            return .outcome(.due)
        case .proceed: return .outcome(.due)
        case .fork(let fork): return await run(fork, of: &branch, at: path)
        case .startExecution, .awaitAnswer, .runMap:
            let cause = "'\(branch.state)' waits for others, which an express execution can't."
            return .outcome(.failed(error: "States.Runtime", cause: cause))
        case .endBranch(let output): return .end(.done(output, last: branch.lastEvent))
        case .failBranch(let error, let cause):
            let hasBegun = branch.phase != .fresh
            return .end(.failed(error: error, cause: cause, last: branch.lastEvent, hasBegun: hasBegun))
        case .endExecution(let end): return .end(.execution(end))
        }
    }

    private func answer(_ outcome: Outcome?) -> Next { outcome.map { .outcome($0) } ?? .end(.cancelled) }

    private func task(of branch: Branch, _ path: String) -> ExpressCall {
        ExpressCall(
            engine: engine,
            execution: self,
            info: step.execution,
            branch: branch,
            idempotencyKey: "\(step.key.execution)-\(path)-\(branch.entry)",
            deadline: deadline
        )
    }

    // MARK: Parallel and Map

    private func run(_ fork: Fork, of branch: inout Branch, at path: String) async -> Next {
        let children = (0..<fork.count).lazy.map { [branch] in branch.child($0, of: fork) }
        let prefix = "\(path).\(branch.entry).\(branch.retryCount)."
        var admitted = min(fork.count, fork.maxConcurrency ?? Self.childLimit, Self.childLimit)
        var outputs = [JSONDocument](repeating: Payload.null, count: fork.count)
        var (last, open) = (branch.lastEvent, admitted)
        var failure: Next?
        activity.withLock { $0.busy += open - 1 }
        await withTaskGroup(of: (index: Int, end: End).self) { group in
            func admit(_ index: Int) {
                var child = children[index]
                child.lastEvent = last
                group.addTask { [self, child] in (index, await run(child, at: "\(prefix)\(index)")) }
            }
            for index in 0..<admitted { admit(index) }
            while let (index, end) = await group.next() {
                open -= 1
                switch end {
                case _ where failure != nil: break
                case .done(let output, let event):
                    outputs[index] = output
                    last = event
                    if admitted < fork.count {
                        open += 1
                        activity.withLock { $0.busy += 1 }
                        admit(admitted)
                        admitted += 1
                    }
                case .failed(let error, let cause, let event, let hasBegun):
                    last = event
                    let iteration = hasBegun ? index : nil
                    failure = .outcome(
                        .branchFailed(BranchFailure(error: error, cause: cause, iteration: iteration))
                    )
                case .execution, .cancelled: failure = .end(end)
                }
                if failure != nil { group.cancelAll() }
                // The last one's place is the fork's own again.
                if open > 0 { becomeIdle() }
            }
        }
        branch.lastEvent = last
        return failure ?? .outcome(.joined(outputs))
    }

    // MARK: The slot

    /// Waits for something that needs no handler of this process: when all branches do, the worker takes on others.
    func outOfHand<Value: Sendable>(_ wait: () async -> Value) async -> Value {
        becomeIdle()
        let value = await wait()
        activity.withLock { activity in
            activity.busy += 1
            guard activity.isResting else { return }
            activity.isResting = false
            engine.takeSlot()
        }
        return value
    }

    private func becomeIdle() {
        activity.withLock { activity in
            activity.busy -= 1
            if activity.busy == 0 { activity.isResting = engine.lendSlot() }
        }
    }
}

extension Fork {
    fileprivate var count: Int {
        switch children {
        case .branches(let states): states.count
        case .iterations(let items, _): items.count
        }
    }
}

extension Branch {
    /// A branch of the Parallel or an iteration of the Map that this one stands in.
    fileprivate func child(_ index: Int, of fork: Fork) -> Branch {
        var child: Branch
        switch fork.children {
        case .branches(let states):
            child = Branch(startAt: states[index], input: fork.input ?? input, item: item)
        case .iterations(let items, let state):
            let item = MapItem(index: index, value: items[index])
            child = Branch(startAt: state, input: fork.input ?? Payload.null, item: item)
        }
        child.outerVariables = outerVariables.merging(variables) { _, inner in inner }
        return child
    }
}
