import Expressions
import Interpreter
import JSON
import Logging
import StatesLanguage
import Store
import Synchronization

/// What stays the same while a claimed step is in hand.
final class StepWork: Sendable {
    let engine: Engine
    let step: ClaimedStep
    let interpreter: Interpreter
    let startedAt: ContinuousClock.Instant

    init(engine: Engine, step: ClaimedStep) {
        self.engine = engine
        self.step = step
        startedAt = engine.surroundings.now
        interpreter = Interpreter(
            machine: step.revision.machine,
            execution: step.execution,
            limits: engine.limits,
            taskToken: engine.store.taskTokenIssuer(for: step.key)
        )
    }
}

/// Takes one claimed step as far as this worker can: advances it, calls its functions, makes every transition durable.
///
/// Handlers run in the task that works on the step. When a call ends before its handler does, another task goes on with a
/// copy of this, and the first one has nothing left to do but to wait for the handler.
struct StepRunner: Sendable {
    let work: StepWork
    /// The task that works on the step.
    private var task: StepTask
    /// Whether another task has gone on.
    private var isElsewhere = false
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

    /// Functions that use it often read it once: all steps share it, and both threads would keep counting references to it.
    var engine: Engine { work.engine }
    var interpreter: Interpreter { work.interpreter }

    /// - Parameters:
    ///   - permit: the limited function that the step was claimed for.
    ///   - lane: the queue of calls in order that it was claimed from.
    ///   - task: the task that works on it.
    init(engine: Engine, step: ClaimedStep, permit: String?, lane: String? = nil, in task: StepTask) {
        work = StepWork(engine: engine, step: step)
        self.task = task
        self.permit = permit
        self.lane = lane
        lease = step.lease
    }

    /// Runs until the step has no more to do here.
    mutating func run() async { await goOn(with: begin()) }

    private mutating func goOn(with first: Decision?) async {
        var next = first
        while let decision = next { next = await carryOut(decision) }
        if !isElsewhere { engine.finished(lease, permit: permit) }
    }

    private mutating func begin() -> Decision {
        if work.step.branch.phase == .sleeping || work.step.branch.phase == .retrying { CrashPoint.timerClaimed.pass() }
        if lease.key.isTimer {
            return interpreter.timeOutExecution(lastEvent: work.step.branch.lastEvent, now: engine.databaseTime())
        }
        switch (work.step.outcome, work.step.branch.phase) {
        case (.failed, .fresh), (.failed, .entering), (.failed, .retrying):
            // What ended a lost worker waits for the Task that it belongs to.
            let decision = advance(work.step.branch, .due)
            guard case .invoke = decision.next else { return decision }
            return advance(decision.branch, work.step.outcome)
        default:
            return advance(work.step.branch, work.step.outcome)
        }
    }

    /// - Returns: the next decision; nil: the step is out of hand.
    private mutating func carryOut(_ decision: Decision) async -> Decision? {
        switch decision.next {
        case .invoke(let call) where call.qualifier == nil:
            executedVersion = FunctionReference.latest
            return await self.call(call.function, call, decision)
        case .invoke(let call): return await callQualified(call, decision)
        case .request(let request): return await makeRequest(request, decision)
        case .awaitAnswer(.activity(let name)): return await awaitActivity(name, decision)
        case .proceed: return await proceed(decision)
        case .runMap: return await carryOnMapRun(decision)
        case .pause, .fork, .startExecution, .awaitAnswer, .endBranch, .failBranch, .endExecution:
            return await handOver(decision)
        }
    }

    private mutating func proceed(_ decision: Decision) async -> Decision? {
        guard mayGoOn else { return await handOver(decision) }
        guard let written = await write(decision, keepsLease: true) else { return nil }
        return advance(written.branch, .due)
    }

    private mutating func carryOnMapRun(_ decision: Decision) async -> Decision? {
        guard !decision.branch.events.isEmpty else { return await runMap(decision.branch) }
        guard mayGoOn else { return await handOver(decision) }
        guard let written = await write(decision, keepsLease: true) else { return nil }
        return await runMap(written.branch)
    }

    private mutating func awaitActivity(_ name: String, _ decision: Decision) async -> Decision? {
        guard let exists = await engine.activityExists(name, for: lease) else { return nil }
        return exists ? await handOver(decision) : advance(decision.branch, .refused)
    }

    mutating func advance(_ branch: Branch, _ outcome: Outcome) -> Decision {
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
    private mutating func handOver(_ decision: Decision) async -> Decision? {
        if await write(decision, keepsLease: false) != nil {
            engine.handedOver(decision.next, of: lease.key)
            if case .endExecution = decision.next, work.step.isInMapRun {
                engine.childBox.post { $0.insert(lease.key) }
            }
            if work.step.revision.machine.waitsForExecutions, decision.next.abandonsBranches {
                engine.stopChildren(of: lease.key)
            }
        }
        return nil
    }

    /// - Returns: the decision as it is recorded; nil: the step is not ours any more.
    private mutating func write(_ decision: Decision, keepsLease: Bool) async -> Decision? {
        let engine = engine
        guard engine.held(of: lease.key).steps.withLock({ $0.beginWriting(lease) }) else { return nil }
        let commit = StepCommit(lease: lease, revision: work.step.revision, decision: decision, keepsLease: keepsLease)
        CrashPoint.beforeComplete.pass()
        let written = await engine.committer(of: lease.key)
            .commit(
                commit,
                weight: decision.weight,
                // Where this is the only step in hand, a look around would only take time.
                expectsCompany: engine.capacity.withLock(\.stepCount) > 1
            )
        guard case .applied(let next, let recorded, _) = written.result else {
            engine.logger.debug("A step was no longer this worker's", metadata: metadata)
            return nil
        }
        engine.held(of: lease.key).steps.withLock { $0.endWriting(next, grantedAt: written.sentAt) }
        lease = next
        needsCommit = false
        return recorded
    }

    /// Whether the step may stay in this worker's hand: others get their turn after a while.
    private var mayGoOn: Bool {
        !engine.isWindingDown
            && (work.startedAt.duration(to: engine.surroundings.now) < Engine.longestTurn || !engine.isFull)
    }

    // MARK: Calling a function

    private mutating func takePermit(_ function: String) -> Bool {
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
    private mutating func call(_ name: String, _ call: FunctionCall, _ decision: Decision) async -> Decision? {
        let engine = engine
        if let rule = engine.capacity.withLock({ $0.fairRule(of: name) }), lane != FairRule.lane(of: name) {
            // First it waits until it is its turn.
            guard let place = await engine.place(of: call, as: name, rule, for: lease) else { return nil }
            return await handOver(decision.followed(by: .invoke(call.of(FairRule.lane(of: name), place: place))))
        }
        if let function = engine.function(named: name), takePermit(name) {
            lane = nil
            return await invoke(function, call, decision)
        }
        guard name != call.function else { return await handOver(decision) }
        return await handOver(decision.followed(by: .invoke(call.of(name))))
    }

    private mutating func callQualified(_ call: FunctionCall, _ decision: Decision) async -> Decision? {
        let key = ClaimedStep.idempotencyKey(lease.key, entry: decision.branch.entry)
        switch await engine.target(of: call, for: key, lease) {
        case .offered(let name, let version):
            executedVersion = version
            return await self.call(name, call, decision)
        case .missing(let outcome): return advance(decision.branch, outcome)
        case nil: return nil
        }
    }

    private mutating func makeRequest(_ request: ServiceRequest, _ decision: Decision) async -> Decision? {
        switch await engine.performer(of: request, for: lease) {
        case .thisWorker:
            let call = FunctionCall(
                function: "\(request.service):\(request.action)",
                input: request.parameters,
                timeoutSeconds: request.timeoutSeconds,
                carriesToken: request.carriesToken
            )
            return await invoke(engine.services.function(for: request), call, decision)
        case .others:
            var request = request
            request.isForOthers = true
            return await handOver(decision.followed(by: .request(request)))
        case nil: return nil
        }
    }

    private mutating func invoke(_ function: Function, _ call: FunctionCall, _ decision: Decision) async -> Decision? {
        let engine = engine
        guard !engine.isStopping else { return needsCommit ? await handOver(decision) : await giveBack() }
        var decision = decision
        let mustLast =
            needsCommit || call.carriesToken || call.timeoutSeconds != nil || call.heartbeatSeconds != nil
        if mustLast, !decision.branch.events.isEmpty {
            guard work.step.isSuspect || mayGoOn else { return await handOver(decision) }
            guard let written = await write(decision, keepsLease: true) else { return nil }
            decision = written
        }
        if work.step.isSuspect {
            guard await engine.startSuspect(lease) else { return nil }
            CrashPoint.suspectStarted.pass()
        }
        let handler = HandlerCall(
            engine: engine,
            step: work.step,
            interpreter: interpreter,
            lease: lease,
            decision: decision,
            function: function,
            call: call
        ) { [self] handler, result, task in
            var runner = self
            runner.task = task
            await runner.goOn(with: await runner.concluded(handler, result))
        }
        guard let result = await handler.run(in: task) else {
            isElsewhere = true
            return nil
        }
        return await concluded(handler, result)
    }

    /// What follows a call; nil: the step is out of hand.
    private mutating func concluded(_ handler: HandlerCall, _ result: HandlerCall.Result) async -> Decision? {
        switch result {
        case .outcome(let outcome):
            if handler.isTransactional {
                if case .succeeded = outcome { return nil }
            } else {
                if handler.context.logTail != nil { await engine.keepLogTail(of: handler.context, lease.key) }
                needsCommit = true
            }
            return advance(handler.decision.branch, outcome)
        case .lost: return nil
        case .shutDown: return await giveBack()
        }
    }

    /// Returns the step for the same work to be done again.
    func giveBack() async -> Decision? {
        await engine.release(lease)
        return nil
    }

    private var metadata: Logger.Metadata {
        ["execution": "\(work.step.execution.arn)", "state": "\(work.step.branch.state)"]
    }
}
