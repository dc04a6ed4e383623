import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import Store
import Synchronization

/// One call of a function for one step, with its time limits.
struct HandlerCall {
    /// What the call came to.
    enum Result: Sendable {
        case outcome(Outcome)
        /// The step is not ours any more; nothing is to be written.
        case lost
        /// The process ends first.
        case shutDown
    }

    let engine: Engine
    let lease: StepLease
    let function: Function
    let invocation: Invocation
    let context: FunctionContext
    private let deadlines: [HeldSteps.Deadline]

    init(
        engine: Engine,
        step: ClaimedStep,
        lease: StepLease,
        branch: Branch,
        function: Function,
        call: FunctionCall
    ) {
        let now = engine.surroundings.now
        var deadlines: [HeldSteps.Deadline] = []
        if let timeout = function.timeout {
            deadlines.append(HeldSteps.Deadline(at: now.advanced(by: timeout), ending: .functionTimedOut))
        }
        if let deadline = branch.deadline {
            deadlines.append(HeldSteps.Deadline(at: engine.instant(of: deadline, now: now), ending: .timedOut))
        }
        self.engine = engine
        self.function = function
        self.deadlines = deadlines
        self.lease = lease
        invocation = Invocation(
            heartbeatInterval: call.heartbeatSeconds.map { .seconds($0) },
            now: now,
            surroundings: engine.surroundings
        )
        context = FunctionContext(
            functionName: function.name,
            invokedFunctionARN: engine.arn(ofFunction: function.name),
            stateName: branch.state,
            attempt: branch.retryCount + 1,
            idempotencyKey: ClaimedStep.idempotencyKey(step.key, branch: branch),
            deadline: deadlines.map(\.at).min(),
            execution: step.execution,
            request: engine.nextRequestID(),
            invocation: invocation,
            workerLogger: engine.logger
        )
    }

    /// Runs the handler until it answers or its time is over.
    func run(_ body: @escaping @Sendable (FunctionContext) async throws -> JSONDocument) async -> Result {
        guard engine.begin(lease, invocation, deadlines: deadlines) else { return .lost }
        #if FAULTS
            let fence = engine.held.withLock { $0.fence(of: lease.key) }
            Journal.note("begin", context, fence: fence)
        #endif
        CrashPoint.beforeHandler.pass()
        let startedAt = engine.surroundings.now
        let ending = await invocation.run({ [context] in try await body(context) }) { [engine, function, context] in
            context.logger.debug("A handler returned after its call was over")
            engine.returnedLate(function.name)
        }
        #if FAULTS
            Journal.note(ending.isAnswer ? "answered" : "cut", context, fence: fence)
        #endif
        CrashPoint.afterHandler.pass()
        engine.held.withLock { $0.finish(lease.key, invocation) }
        engine.metrics.called(function.name, for: startedAt.duration(to: engine.surroundings.now), ending)
        if !ending.isAnswer { engine.abandon(function.name) }
        switch ending {
        case .returned(let reply): return .outcome(.succeeded(reply))
        case .threw(let failure as ServiceFailure):
            return .outcome(.failed(error: failure.error, cause: failure.cause))
        case .threw(let error): return .outcome(failed(FunctionFailure(error, requestID: context.requestID)))
        case .timedOut: return .outcome(.timedOut)
        case .heartbeatMissed: return .outcome(.heartbeatMissed)
        case .functionTimedOut:
            let timeout = function.timeout ?? .zero
            return .outcome(failed(.timedOut(after: timeout, requestID: context.requestID)))
        case .lost: return .lost
        case .shutDown: return .shutDown
        }
    }

    private func failed(_ failure: FunctionFailure) -> Outcome {
        .failed(error: failure.error, cause: failure.cause)
    }
}
