import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import Store
import Synchronization

/// One call of a function for one step, with its time limits.
final class HandlerCall: Sendable {
    /// What the call came to.
    enum Result: Sendable {
        case outcome(Outcome)
        /// The step is not ours any more; nothing is to be written.
        case lost
        /// The process ends first.
        case shutDown
    }

    let engine: Engine
    let interpreter: Interpreter
    let revision: Revision
    let lease: StepLease
    /// What led to the call: its branch is the one that makes it.
    let decision: Decision
    let function: Function
    let input: JSONDocument
    let invocation: Invocation
    let context: FunctionContext
    private let deadlines: [HeldSteps.Deadline]

    init(
        engine: Engine,
        step: ClaimedStep,
        interpreter: Interpreter,
        lease: StepLease,
        decision: Decision,
        function: Function,
        call: FunctionCall
    ) {
        let now = engine.surroundings.now
        var deadlines: [HeldSteps.Deadline] = []
        if let timeout = function.timeout {
            deadlines.append(HeldSteps.Deadline(at: now.advanced(by: timeout), ending: .functionTimedOut))
        }
        if let deadline = decision.branch.deadline {
            deadlines.append(HeldSteps.Deadline(at: engine.instant(of: deadline, now: now), ending: .timedOut))
        }
        self.engine = engine
        self.interpreter = interpreter
        self.revision = step.revision
        self.lease = lease
        self.decision = decision
        self.function = function
        self.input = call.input
        self.deadlines = deadlines
        invocation = Invocation(
            heartbeatInterval: call.heartbeatSeconds.map { .seconds($0) },
            now: now,
            surroundings: engine.surroundings
        )
        context = FunctionContext(
            functionName: function.name,
            invokedFunctionARN: engine.arn(of: call),
            stateName: decision.branch.state,
            attempt: decision.branch.retryCount + 1,
            idempotencyKey: ClaimedStep.idempotencyKey(step.key, branch: decision.branch),
            deadline: deadlines.map(\.at).min(),
            logTail: InvocationKind.logged.isKind(ofMachine: step.execution.stateMachineName) ? LogTail() : nil,
            execution: step.execution,
            request: engine.nextRequestID(),
            invocation: invocation,
            workerLogger: engine.logger
        )
    }

    /// Whether what the handler writes and the transition are one transaction.
    var isTransactional: Bool {
        if case .transactional = function.body { true } else { false }
    }

    /// Runs the handler until it answers or its time is over.
    ///
    /// - Parameters:
    ///   - task: the task that this is called in. It is cancelled when the call ends before the handler does.
    ///   - goOn: goes on in another task then.
    /// - Returns: nil: another task goes on.
    func run(
        in task: StepTask,
        elsewhere goOn: @escaping @Sendable (Result, StepTask) async -> Void
    ) async -> Result? {
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
        let ending = await invocation.run(in: task, perform) { [self] ending, task in
            #if FAULTS
                Journal.note("cut", context, fence: fence)
            #endif
            await goOn(ended(ending, startedAt), task)
        } onLateReturn: {
            self.context.logger.debug("A handler returned after its call was over")
            self.engine.returnedLate(self.function.name)
        }
        guard let ending else { return nil }
        #if FAULTS
            Journal.note(ending.isAnswer ? "answered" : "cut", context, fence: fence)
        #endif
        return ended(ending, startedAt)
    }

    private func perform() async throws -> JSONDocument {
        switch function.body {
        case .plain(let body): try await body(input, context)
        case .transactional(let body): try await perform(transactionally: body)
        }
    }

    private func ended(_ ending: Invocation.Ending, _ startedAt: ContinuousClock.Instant) -> Result {
        CrashPoint.afterHandler.pass()
        engine.held.withLock { $0.finish(lease.key, invocation) }
        engine.metrics.called(function.name, for: startedAt.duration(to: engine.surroundings.now), ending)
        if !ending.isAnswer { engine.abandon(function.name) }
        return Result(ending, of: function, context.request)
    }
}

extension HandlerCall.Result {
    /// - Parameter request: identifies the call.
    init(_ ending: Invocation.Ending, of function: Function, _ request: PGUUID) {
        switch ending {
        case .returned(let reply): self = .outcome(.succeeded(reply))
        case .threw(let failure as ServiceFailure):
            self = .outcome(.failed(error: failure.error, cause: failure.cause))
        case .threw(let error): self = .failed(FunctionFailure(error, requestID: request.description))
        case .timedOut: self = .outcome(.timedOut)
        case .heartbeatMissed: self = .outcome(.heartbeatMissed)
        case .functionTimedOut:
            self = .failed(.timedOut(after: function.timeout ?? .zero, requestID: request.description))
        case .lost: self = .lost
        case .shutDown: self = .shutDown
        }
    }

    private static func failed(_ failure: FunctionFailure) -> HandlerCall.Result {
        .outcome(.failed(error: failure.error, cause: failure.cause))
    }
}
