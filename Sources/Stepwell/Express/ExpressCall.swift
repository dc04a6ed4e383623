import Interpreter
import JSON
import Logging
import Postgres
import StatesLanguage
import Store

/// One piece of work that a Task of an express execution asks for.
struct ExpressCall {
    let engine: Engine
    let execution: ExpressExecution
    let info: ExecutionInfo
    let branch: Branch
    /// What the handler sees: alike for every attempt, and whenever the execution is run.
    let idempotencyKey: String
    /// When the execution's time is over.
    let deadline: ContinuousClock.Instant

    private var postgres: Store { engine.facilities.postgres }
    private var surroundings: any Surroundings { engine.surroundings }

    /// Calls a function: here, or through the database where only other workers have it.
    ///
    /// - Returns: what came of it, and the version that was called; nil: the task was cancelled.
    func invoke(_ call: FunctionCall) async -> (outcome: Outcome, version: String)? {
        switch await repeatedly({ () throws(StoreError) in try await engine.target(of: call, for: idempotencyKey) }) {
        case .success(.offered(let name, let version)):
            return await invoke(call, as: name).map { ($0, version) }
        case .success(.missing(let outcome)): return (outcome, FunctionReference.latest)
        case .failure(let error): return (failed(error), FunctionReference.latest)
        case nil: return nil
        }
    }

    private func invoke(_ call: FunctionCall, as name: String) async -> Outcome? {
        guard let function = engine.function(named: name) else {
            return await elsewhere { () throws(StoreError) in
                try await postgres.invoke(name, payload: call.input, kind: .request)
            }
        }
        guard await engine.takePermit(name) else { return nil }
        defer { if function.concurrency != nil { engine.givePermit(name) } }
        return await run(function, call, heartbeatSeconds: call.heartbeatSeconds)
    }

    /// Calls a service: here, or through the database where only other workers can.
    ///
    /// - Returns: nil: the task was cancelled.
    func request(_ request: ServiceRequest) async -> Outcome? {
        if await engine.isForOthers(request) {
            return await elsewhere { () throws(StoreError) in
                try await postgres.call(request.service, request.action, parameters: request.parameters)
            }
        }
        let call = FunctionCall(function: "\(request.service):\(request.action)", input: request.parameters)
        return await run(engine.services.function(for: request), call, heartbeatSeconds: nil)
    }

    /// Starts an execution that nobody waits for.
    ///
    /// - Returns: nil: the task was cancelled.
    func start(_ child: ChildStart) async -> Outcome? {
        let name = child.name ?? PGUUID.v4().description
        let answer = await repeatedly { () throws(StoreError) in
            try await postgres.startChild(child.stateMachine, name: name, input: child.input.text)
        }
        switch answer {
        case .success(.started(let answer)): return .succeeded(JSONDocument(answer))
        case .success(.refused(let error, let cause)): return .failed(error: error, cause: cause)
        case .failure(let error): return failed(error)
        case nil: return nil
        }
    }

    // MARK: In this process

    private func run(_ function: Function, _ call: FunctionCall, heartbeatSeconds: Int?) async -> Outcome? {
        let now = surroundings.now
        let first = HeldSteps.Deadline.earlier(
            function.timeout.map { HeldSteps.Deadline(at: now.advanced(by: $0), owner: .function) },
            branch.deadline.map { HeldSteps.Deadline(at: engine.instant(of: $0, now: now), owner: .state) }
        )
        // Whoever runs the execution sees to its own end.
        let limit = first.flatMap { $0.at < deadline ? $0 : nil }
        let invocation = Invocation(
            bucket: execution.step.key.bucket,
            heartbeatInterval: heartbeatSeconds.map { .seconds($0) },
            now: now,
            surroundings: surroundings
        )
        let context = FunctionContext(
            functionName: function.name,
            invokedFunctionARN: engine.arn(of: call),
            stateName: branch.state,
            attempt: branch.retryCount + 1,
            deadline: limit?.at ?? deadline,
            logTail: nil,
            stay: .named(idempotencyKey),
            execution: info,
            request: engine.nextRequestID(),
            invocation: invocation,
            workerLogger: engine.logger
        )
        let watch =
            limit == nil && heartbeatSeconds == nil ? nil : Task { await invocation.endInTime(limit: limit) }
        let ending = await withTaskCancellationHandler {
            await invocation.run {
                try await body(of: function, call.input, context)
            } onLateReturn: {
                context.logger.debug("A handler returned after its call was over")
                engine.returnedLate(function.name)
            }
        } onCancel: {
            invocation.end(.lost)
        }
        watch?.cancel()
        if !ending.isAnswer { engine.abandon(function.name) }
        switch HandlerCall.Result(ending, of: function, context.request) {
        case .outcome(let outcome): return outcome
        case .lost, .shutDown: return nil
        }
    }

    private func body(
        of function: Function,
        _ input: JSONDocument,
        _ context: FunctionContext
    ) async throws -> JSONDocument {
        switch function.body {
        case .plain(let body): return try await body(input, context)
        case .transactional(let body):
            var backoff = Backoff(surroundings)
            while true {
                do {
                    return try await engine.facilities.transactions.withTransaction {
                        try await body(input, context, Transaction($0))
                    }
                } catch {
                    let error = (error as? PostgresError).map(SQLError.init) ?? error
                    guard let refusal = error as? SQLError, refusal.isRepeatable else { throw error }
                    await backoff.wait()
                    try Task.checkCancellation()
                }
            }
        }
    }

    // MARK: In another one

    /// Has a call made by whoever can, and waits for it.
    private func elsewhere(_ start: () async throws(StoreError) -> String) async -> Outcome? {
        await execution.outOfHand { () async -> Outcome? in
            let call: String
            switch await repeatedly(start) {
            case .success(let name): call = name
            case .failure(let error): return failed(error)
            case nil: return nil
            }
            let end = await repeatedly { () throws(StoreError) in
                let patience = branch.deadline == nil ? .seconds(60) : patience
                return try await engine.facilities.ends.end(of: call, patience: patience)
            } until: {
                $0 != nil || isOverdue
            }
            switch end {
            case .success(let end?): return outcome(of: end)
            case .failure(let error): return failed(error)
            case .success(nil), nil:
                // Nobody waits for it any more.
                Task { _ = try? await postgres.stopExecution(call) }
                return Task.isCancelled ? nil : .timedOut
            }
        }
    }

    private var patience: Duration {
        guard let timeout = branch.deadline else { return .zero }
        return max(.zero, surroundings.now.duration(to: engine.instant(of: timeout, now: surroundings.now)))
    }

    private var isOverdue: Bool { branch.deadline != nil && patience == .zero }

    private func outcome(of end: ExecutionDescription) -> Outcome {
        switch end.summary.status {
        case .succeeded: .succeeded(end.output ?? Payload.null)
        case .timedOut: .timedOut
        default: .failed(error: end.error ?? "States.TaskFailed", cause: end.cause ?? "")
        }
    }

    private func failed(_ error: StoreError) -> Outcome {
        .failed(error: "States.Runtime", cause: "\(error)")
    }

    /// Asks the store until it answers.
    ///
    /// - Parameter isEnough: whether an answer is the last one.
    /// - Returns: nil: the task was cancelled.
    private func repeatedly<Value>(
        _ body: () async throws(StoreError) -> Value,
        until isEnough: (Value) -> Bool = { _ in true }
    ) async -> Result<Value, StoreError>? {
        var backoff = Backoff(surroundings)
        while !Task.isCancelled {
            do throws(StoreError) {
                let value = try await body()
                if isEnough(value) { return .success(value) }
            } catch {
                guard error.isTransient else { return .failure(error) }
                await backoff.wait()
            }
        }
        return nil
    }
}

extension Invocation {
    /// Ends the call when its time is over, or a heartbeat is missed.
    fileprivate func endInTime(limit: HeldSteps.Deadline?) async {
        while !Task.isCancelled {
            guard let next = [limit?.at, heartbeatDeadline].compactMap(\.self).min() else { return }
            await surroundings.sleep(until: next)
            guard !Task.isCancelled else { return }
            let now = surroundings.now
            if let limit, limit.at <= now {
                end(limit.ending)
                return
            }
            if let heartbeat = heartbeatDeadline, heartbeat <= now {
                end(.heartbeatMissed)
                return
            }
        }
    }
}
