public import Logging

/// What a handler knows about the call it answers.
public struct FunctionContext: Sendable {
    /// The execution's ARN.
    public let executionARN: String
    /// The execution's name.
    public let executionName: String
    /// The state machine's ARN.
    public let stateMachineARN: String
    /// The state machine's name.
    public let stateMachineName: String
    /// The Task state that makes the call.
    public let stateName: String
    /// The function's own name.
    public let functionName: String
    /// The function's ARN, in the region and account that the database is set up with.
    public let invokedFunctionARN: String
    /// A UUID of this very call, also found in the `Cause` of its failure.
    public let requestID: String
    /// 1 for the first try, one more for every retry that the state's `Retry` made. Runs that were cut short by a crash
    /// don't count.
    public let attempt: Int
    /// Identifies this stay of this execution in this state: the same for every attempt and after every crash. Give it
    /// to services that recognise repeated requests.
    public let idempotencyKey: String
    /// When the call is given up: by the function's timeout or the state's `TimeoutSeconds`, whichever comes first.
    public let deadline: ContinuousClock.Instant?
    /// A logger that carries the execution's ARN, the state, the function and the request id.
    public let logger: Logger

    let invocation: Invocation

    /// The time left until ``deadline``, never negative; nil without one.
    public var remainingTime: Duration? {
        deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
    }

    /// Says that the work goes on: the state's `HeartbeatSeconds` starts again. Cheap; call it as often as you like.
    ///
    /// - Throws: `CancellationError` when the call is over: it took too long, the execution was stopped, or another
    ///   worker has the step. Whatever the handler returns after that is dropped.
    public func heartbeat() async throws {
        guard invocation.heartbeat(at: .now) else { throw CancellationError() }
    }
}
