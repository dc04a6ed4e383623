import Expressions
import Interpreter
import JSON
import Logging
import StatesLanguage
import Store
import Synchronization

/// Takes an express execution from its claim to its end. What happens between is in memory: durable are the start and
/// the end.
struct ExpressRunner {
    /// AWS's limit of an express execution.
    static let longest = 300

    let engine: Engine
    let step: ClaimedStep

    /// - Parameter permit: the limited function that the step was claimed for: it is called like any other.
    func run(permit: String?) async {
        if let permit { engine.givePermit(permit) }
        if let end = await end() { await record(end) }
        engine.finished(step.lease, permit: nil)
    }

    /// How the execution ends; nil: it is out of hand.
    private func end() async -> ExecutionEnd? {
        if step.isSuspect {
            if await runsOnce { return Self.lost }
            if case .failed(let error, let cause) = step.outcome { return .failed(error: error, cause: cause) }
            guard await engine.startSuspect(step.lease) else { return nil }
        }
        let surroundings = engine.surroundings
        let call = Invocation(bucket: step.key.bucket, surroundings: surroundings)
        let limit = min(step.revision.machine.timeoutSeconds ?? Self.longest, Self.longest)
        let deadline = engine.surroundings.now.advanced(by: .seconds(limit))
        guard engine.begin(step.lease, call, deadline: HeldSteps.Deadline(at: deadline, owner: .state)) else {
            return nil
        }
        let execution = ExpressExecution(engine: engine, step: step, deadline: deadline)
        let tree = Task(executorPreference: surroundings.stepExecutor(ofBucket: step.key.bucket)) {
            await execution.run()
        }
        let ending = await call.run {
            await withTaskCancellationHandler {
                _ = await tree.value
            } onCancel: {
                tree.cancel()
            }
            return Payload.null
        } onLateReturn: {
        }
        engine.held(of: step.key).steps.withLock { $0.finish(step.key, call) }
        if !ending.isAnswer { tree.cancel() }
        // Its calls end when they are cancelled, whatever their handlers do.
        let end = await tree.value
        switch ending {
        case .timedOut, .functionTimedOut, .heartbeatMissed: return .timedOut(error: "States.Timeout", cause: nil)
        case .lost: return nil
        case .returned, .threw, .shutDown:
            if let end { return end }
            if await runsOnce { return Self.lost }
            await engine.release(step.lease)
            return nil
        }
    }

    /// Whether the execution must not be begun again; also when nobody can be asked: then its lease ends by itself.
    private var runsOnce: Bool {
        get async {
            do throws(StoreError) {
                return try await engine.facilities.postgres.runsOnce(step.key)
            } catch {
                return true
            }
        }
    }

    /// What StartSyncExecution has begun is not begun again.
    private static let lost = ExecutionEnd.failed(
        error: "States.Runtime",
        cause: "The worker that ran the execution was lost. StartSyncExecution runs an execution at most once."
    )

    private func record(_ end: ExecutionEnd) async {
        guard engine.held(of: step.key).steps.withLock({ $0.beginWriting(step.lease) }) else { return }
        let decision = Decision(branch: step.branch, next: .endExecution(end))
        let commit = StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: false)
        let written = await engine.committer(of: step.key).commit(commit, weight: decision.weight)
        guard case .applied = written.result else {
            engine.logger.debug(
                "An express execution was no longer this worker's",
                metadata: ["execution": "\(step.execution.arn)"]
            )
            return
        }
        engine.handedOver(decision.next, of: step.key)
    }
}
