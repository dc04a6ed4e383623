import Interpreter
public import Logging
import Postgres
import Store

/// What a handler knows about the call it answers.
public struct FunctionContext: Sendable {
    /// The function's own name.
    public let functionName: String
    /// The function's ARN, in the region and account that the database is set up with.
    public let invokedFunctionARN: String
    /// The Task state that makes the call.
    public let stateName: String
    /// 1 for the first try, one more for every retry that the state's `Retry` made. Runs that were cut short by a crash
    /// don't count.
    public let attempt: Int
    /// When the call is given up: by the function's timeout or the state's `TimeoutSeconds`, whichever comes first.
    public let deadline: ContinuousClock.Instant?

    /// What the call prints, if it does so in a process of its own; nil: nobody has asked for it.
    package let logTail: LogTail?

    /// Which stay in which state it is.
    enum Stay: Sendable {
        /// A step's, which has entered so many states.
        case step(StepKey, entry: Int)
        /// One of an execution that runs in memory, under a name of its own.
        case named(String)
    }

    let stay: Stay
    let execution: ExecutionInfo
    let request: PGUUID
    let invocation: Invocation
    let workerLogger: Logger

    /// Identifies this stay of this execution in this state: the same for every attempt and after every crash. Give it
    /// to services that recognise repeated requests.
    public var idempotencyKey: String {
        switch stay {
        case .step(let key, let entry): ClaimedStep.idempotencyKey(key, entry: entry)
        case .named(let name): name
        }
    }

    /// The execution's ARN.
    public var executionARN: String { execution.arn }

    /// The execution's name.
    public var executionName: String { execution.name }

    /// The trace that the execution belongs to, as its start said: the `traceHeader` of `StartExecution`, or the header
    /// `X-Amzn-Trace-Id` or `traceparent` of the request that started it. Pass it on to what the handler calls.
    public var traceHeader: String? { execution.traceHeader }

    /// The state machine's ARN.
    public var stateMachineARN: String { execution.stateMachineARN }

    /// The state machine's name.
    public var stateMachineName: String { execution.stateMachineName }

    /// A UUID of this very call, also found in the `Cause` of its failure.
    public var requestID: String { request.description }

    /// A logger that carries the execution's ARN, the state, the function and the request id.
    public var logger: Logger {
        var logger = workerLogger
        logger[metadataKey: "execution"] = "\(executionARN)"
        logger[metadataKey: "state"] = "\(stateName)"
        logger[metadataKey: "function"] = "\(functionName)"
        logger[metadataKey: "request"] = "\(requestID)"
        return logger
    }

    /// The time left until ``deadline``, never negative; nil without one.
    public var remainingTime: Duration? {
        deadline.map { max(.zero, invocation.surroundings.now.duration(to: $0)) }
    }

    /// Says that the work goes on: the state's `HeartbeatSeconds` starts again. Cheap; call it as often as you like.
    ///
    /// - Throws: `CancellationError` when the call is over: it took too long, the execution was stopped, or another
    ///   worker has the step. Whatever the handler returns after that is dropped.
    public func heartbeat() async throws {
        guard invocation.heartbeat(at: invocation.surroundings.now) else { throw CancellationError() }
    }
}
