import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import Store
import Synchronization

/// One call of a function for one step, with its time limits.
final class HandlerCall: Invocation.Caller {
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
    /// What ends the call first.
    private let deadline: HeldSteps.Deadline?
    /// Goes on in another task when the call ends before the handler does.
    private let goOn: @Sendable (HandlerCall, Result, StepTask) async -> Void
    private let startedAt: ContinuousClock.Instant

    init(
        engine: Engine,
        step: ClaimedStep,
        interpreter: Interpreter,
        lease: StepLease,
        decision: Decision,
        function: Function,
        call: FunctionCall,
        elsewhere goOn: @escaping @Sendable (HandlerCall, Result, StepTask) async -> Void
    ) {
        let now = engine.surroundings.now
        let deadline = HeldSteps.Deadline.earlier(
            function.timeout.map { HeldSteps.Deadline(at: now.advanced(by: $0), owner: .function) },
            decision.branch.deadline.map { HeldSteps.Deadline(at: engine.instant(of: $0, now: now), owner: .state) }
        )
        self.engine = engine
        self.interpreter = interpreter
        self.revision = step.revision
        self.lease = lease
        self.decision = decision
        self.function = function
        self.input = call.input
        self.deadline = deadline
        self.goOn = goOn
        startedAt = now
        invocation = Invocation(
            bucket: lease.key.bucket,
            heartbeatInterval: call.heartbeatSeconds.map { .seconds($0) },
            now: now,
            surroundings: engine.surroundings
        )
        context = FunctionContext(
            functionName: function.name,
            invokedFunctionARN: engine.arn(of: call),
            stateName: decision.branch.state,
            attempt: decision.branch.retryCount + 1,
            deadline: deadline?.at,
            logTail: InvocationKind.logged.isKind(ofMachine: step.execution.stateMachineName) ? LogTail() : nil,
            stay: .step(step.key, entry: decision.branch.entry),
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
    /// - Parameter task: the task that this is called in. It is cancelled when the call ends before the handler does.
    /// - Returns: nil: another task goes on.
    func run(in task: StepTask) async -> Result? {
        guard engine.begin(lease, invocation, deadline: deadline) else {
            engine.metrics.lostLease()
            return .lost
        }
        #if FAULTS
            Journal.note("begin", context, fence: lease.fence)
        #endif
        CrashPoint.beforeHandler.pass()
        let ending = await invocation.run(in: task, for: self, perform) {
            self.context.logger.debug("A handler returned after its call was over")
            self.engine.returnedLate(self.function.name)
        }
        guard let ending else { return nil }
        #if FAULTS
            Journal.note(ending.isAnswer ? "answered" : "cut", context, fence: lease.fence)
        #endif
        return ended(ending)
    }

    func goOn(_ ending: Invocation.Ending, in task: StepTask) async {
        #if FAULTS
            Journal.note("cut", context, fence: lease.fence)
        #endif
        await goOn(self, ended(ending), task)
    }

    private func perform() async throws -> JSONDocument {
        switch function.body {
        case .plain(let body): try await body(input, context)
        case .transactional(let body): try await perform(transactionally: body)
        }
    }

    private func ended(_ ending: Invocation.Ending) -> Result {
        CrashPoint.afterHandler.pass()
        engine.held(of: lease.key).steps.withLock { $0.finish(lease.key, invocation) }
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
