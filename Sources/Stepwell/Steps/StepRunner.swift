import Expressions
import Interpreter
import JSON
import Logging
import StatesLanguage
import Store
import Synchronization

/// Takes one claimed step as far as this worker can: advances it, calls its functions, makes every transition durable.
final class StepRunner {
    let engine: Engine
    let step: ClaimedStep
    let interpreter: Interpreter
    private(set) var lease: StepLease
    /// The limited function for which this step holds a permit.
    private var permit: String?
    /// Whether something happened that must not happen again with another result: it is made durable before a handler
    /// runs.
    private var needsCommit = false
    /// The queue of calls in order from which the step was claimed, until its call is made.
    private var lane: String?
    /// The version of the function that was called last.
    private var executedVersion = FunctionReference.latest
    private let startedAt: ContinuousClock.Instant

    /// - Parameters:
    ///   - permit: the limited function that the step was claimed for.
    ///   - lane: the queue of calls in order that it was claimed from.
    init(engine: Engine, step: ClaimedStep, permit: String?, lane: String? = nil) {
        self.engine = engine
        self.step = step
        self.permit = permit
        self.lane = lane
        lease = step.lease
        startedAt = engine.surroundings.now
        interpreter = Interpreter(
            machine: step.revision.machine,
            execution: step.execution,
            limits: engine.limits,
            taskToken: engine.store.taskTokenIssuer(for: step.key)
        )
    }

    /// Runs until the step has no more to do here.
    func run() async {
        var next: Decision? = begin()
        while let decision = next { next = await carryOut(decision) }
        engine.finished(lease, permit: permit)
    }

    private func begin() -> Decision {
        if step.branch.phase == .sleeping || step.branch.phase == .retrying { CrashPoint.timerClaimed.pass() }
        if step.key.isTimer {
            return interpreter.timeOutExecution(lastEvent: step.branch.lastEvent, now: engine.databaseTime())
        }
        switch (step.outcome, step.branch.phase) {
        case (.failed, .fresh), (.failed, .entering), (.failed, .retrying):
            // What ended a lost worker waits for the Task that it belongs to.
            let decision = advance(step.branch, .due)
            guard case .invoke = decision.next else { return decision }
            return advance(decision.branch, step.outcome)
        default:
            return advance(step.branch, step.outcome)
        }
    }

    /// - Returns: the next decision; nil: the step is out of hand.
    private func carryOut(_ decision: Decision) async -> Decision? {
        switch decision.next {
        case .invoke(let call) where call.qualifier == nil:
            executedVersion = FunctionReference.latest
            return await self.call(call.function, call, decision)
        case .invoke(let call):
            let key = ClaimedStep.idempotencyKey(step.key, branch: decision.branch)
            switch await engine.target(of: call, for: key, lease) {
            case .offered(let name, let version):
                executedVersion = version
                return await self.call(name, call, decision)
            case .missing(let outcome): return advance(decision.branch, outcome)
            case nil: return nil
            }
        case .request(let request):
            let call = FunctionCall(
                function: "\(request.service):\(request.action)",
                input: request.parameters,
                timeoutSeconds: request.timeoutSeconds,
                carriesToken: request.carriesToken
            )
            switch await engine.performer(of: request, for: lease) {
            case .thisWorker: return await invoke(engine.services.function(for: request), call, decision)
            case .others:
                var decision = decision
                var request = request
                request.isForOthers = true
                decision.next = .request(request)
                return await handOver(decision)
            case nil: return nil
            }
        case .awaitAnswer(.activity(let name)):
            guard let exists = await engine.activityExists(name, for: lease) else { return nil }
            return exists ? await handOver(decision) : advance(decision.branch, .refused)
        case .proceed:
            guard mayGoOn else { return await handOver(decision) }
            guard let branch = await write(decision, keepsLease: true) else { return nil }
            return advance(branch, .due)
        case .runMap:
            guard !decision.branch.events.isEmpty else { return await runMap(decision.branch) }
            guard mayGoOn else { return await handOver(decision) }
            guard let branch = await write(decision, keepsLease: true) else { return nil }
            return await runMap(branch)
        case .pause, .fork, .startExecution, .awaitAnswer, .endBranch, .failBranch, .endExecution:
            return await handOver(decision)
        }
    }

    func advance(_ branch: Branch, _ outcome: Outcome) -> Decision {
        var random = WitnessedRandom(engine.surroundings)
        let decision = interpreter.advance(
            branch,
            on: outcome,
            now: engine.time(for: branch),
            executedVersion: executedVersion,
            random: &random
        )
        if random.wasUsed { needsCommit = true }
        return decision
    }

    /// Makes a decision durable that others go on with.
    private func handOver(_ decision: Decision) async -> Decision? {
        if await write(decision, keepsLease: false) != nil {
            engine.handedOver(decision.next, of: step.key)
            if case .endExecution = decision.next, step.isInMapRun { engine.childBox.post { $0.insert(step.key) } }
            if step.revision.machine.waitsForExecutions, decision.next.abandonsBranches {
                engine.stopChildren(of: step.key)
            }
        }
        return nil
    }

    /// - Returns: the branch as it is recorded; nil: the step is not ours any more.
    private func write(_ decision: Decision, keepsLease: Bool) async -> Branch? {
        guard engine.held.withLock({ $0.beginWriting(lease) }) else { return nil }
        let commit = StepCommit(lease: lease, revision: step.revision, decision: decision, keepsLease: keepsLease)
        CrashPoint.beforeComplete.pass()
        let written = await engine.committer(of: step.key).commit(commit, weight: decision.weight)
        guard case .applied(let next, let branch, _) = written.result else {
            engine.logger.debug("A step was no longer this worker's", metadata: metadata)
            return nil
        }
        engine.held.withLock { $0.endWriting(next, grantedAt: written.sentAt) }
        lease = next
        needsCommit = false
        return branch
    }

    /// Whether the step may stay in this worker's hand: others get their turn after a while.
    private var mayGoOn: Bool {
        !engine.isWindingDown
            && (startedAt.duration(to: engine.surroundings.now) < Engine.longestTurn || !engine.isFull)
    }

    // MARK: Calling a function

    private func takePermit(_ function: String) -> Bool {
        if permit == function { return true }
        let (isTaken, isLimited) = engine.capacity.withLock { ($0.takePermit(function), $0.isLimited(function)) }
        guard isTaken else { return false }
        if let permit { engine.givePermit(permit) }
        permit = isLimited ? function : nil
        return true
    }

    /// Calls a function here, or leaves that to others.
    ///
    /// - Parameter name: under which workers offer it.
    private func call(_ name: String, _ call: FunctionCall, _ decision: Decision) async -> Decision? {
        var (decision, call) = (decision, call)
        if let rule = engine.capacity.withLock({ $0.fairRule(of: name) }), lane != FairRule.lane(of: name) {
            // First it waits until it is its turn.
            guard let place = await engine.place(of: call, as: name, rule, for: lease) else { return nil }
            call.function = FairRule.lane(of: name)
            call.place = place
            decision.next = .invoke(call)
            return await handOver(decision)
        }
        if let function = engine.function(named: name), takePermit(name) {
            lane = nil
            return await invoke(function, call, decision)
        }
        guard name != call.function else { return await handOver(decision) }
        call.function = name
        decision.next = .invoke(call)
        return await handOver(decision)
    }

    private func invoke(_ function: Function, _ call: FunctionCall, _ decision: Decision) async -> Decision? {
        guard !engine.isStopping else { return needsCommit ? await handOver(decision) : await giveBack() }
        var branch = decision.branch
        let mustLast =
            needsCommit || call.carriesToken || call.timeoutSeconds != nil || call.heartbeatSeconds != nil
        if mustLast, !branch.events.isEmpty {
            guard step.isSuspect || mayGoOn else { return await handOver(decision) }
            guard let written = await write(decision, keepsLease: true) else { return nil }
            branch = written
        }
        if step.isSuspect {
            guard await engine.startSuspect(lease) else { return nil }
            CrashPoint.suspectStarted.pass()
        }
        let handler = HandlerCall(
            engine: engine,
            step: step,
            lease: lease,
            branch: branch,
            function: function,
            call: call
        )
        let outcome: Outcome
        switch function.body {
        case .plain(let body):
            switch await handler.run({ try await body(call.input, $0) }) {
            case .outcome(let answer):
                outcome = answer
                await engine.keepLogTail(of: handler.context, step.key)
            case .lost: return nil
            case .shutDown: return await giveBack()
            }
        case .transactional(let body):
            return await invokeTransactionally(handler, branch) { try await body(call.input, $0, $1) }
        }
        needsCommit = true
        return advance(branch, outcome)
    }

    /// Returns the step for the same work to be done again.
    func giveBack() async -> Decision? {
        await engine.release(lease)
        return nil
    }

    private var metadata: Logger.Metadata {
        ["execution": "\(step.execution.arn)", "state": "\(step.branch.state)"]
    }
}
