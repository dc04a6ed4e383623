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
            invokedFunctionARN: engine.arn(of: call),
            stateName: branch.state,
            attempt: branch.retryCount + 1,
            idempotencyKey: ClaimedStep.idempotencyKey(step.key, branch: branch),
            deadline: deadlines.map(\.at).min(),
            logTail: InvocationKind.logged.isKind(ofMachine: step.execution.stateMachineName) ? LogTail() : nil,
            execution: step.execution,
            request: engine.nextRequestID(),
            invocation: invocation,
            workerLogger: engine.logger
        )
    }

    /// Runs the handler until it answers or its time is over.
    func run(_ body: @escaping @Sendable (FunctionContext) async throws -> JSONDocument) async -> Result {
        guard engine.begin(lease, invocation, deadlines: deadlines) else {
            engine.metrics.lostLease()
            return .lost
        }
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
        return Result(ending, of: function, requestID: context.requestID)
    }
}

extension HandlerCall.Result {
    init(_ ending: Invocation.Ending, of function: Function, requestID: String) {
        switch ending {
        case .returned(let reply): self = .outcome(.succeeded(reply))
        case .threw(let failure as ServiceFailure):
            self = .outcome(.failed(error: failure.error, cause: failure.cause))
        case .threw(let error): self = .failed(FunctionFailure(error, requestID: requestID))
        case .timedOut: self = .outcome(.timedOut)
        case .heartbeatMissed: self = .outcome(.heartbeatMissed)
        case .functionTimedOut:
            self = .failed(.timedOut(after: function.timeout ?? .zero, requestID: requestID))
        case .lost: self = .lost
        case .shutDown: self = .shutDown
        }
    }

    private static func failed(_ failure: FunctionFailure) -> HandlerCall.Result {
        .outcome(.failed(error: failure.error, cause: failure.cause))
    }
}
