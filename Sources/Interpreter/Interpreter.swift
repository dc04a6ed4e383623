package import Expressions
import JSON
package import StatesLanguage

/// Says what happens next: the only implementation of the States Language.
///
/// A pure function of its arguments. It runs on through every state that needs nobody and stops where the outside world
/// is needed, so that one call is one durable transition.
package final class Interpreter: Sendable {
    package let machine: StateMachine
    package let execution: ExecutionInfo
    package let limits: Limits
    package let taskToken: TaskTokenIssuer
    package let mock: TaskMock?

    /// - Parameters:
    ///   - taskToken: makes the tokens of the step that is advanced.
    ///   - mock: stands in for the work of Tasks in a test.
    package init(
        machine: StateMachine,
        execution: ExecutionInfo,
        limits: Limits = Limits(),
        taskToken: @escaping TaskTokenIssuer = { "\($0.entry)-\($0.attempt)" },
        mock: TaskMock? = nil
    ) {
        self.machine = machine
        self.execution = execution
        self.limits = limits
        self.taskToken = taskToken
        self.mock = mock
    }

    /// What a branch does after an outcome.
    ///
    /// Events are appended to `branch.events`: a caller that has not recorded an earlier decision may pass its branch on
    /// and record both together.
    ///
    /// - Parameters:
    ///   - branch: where the branch stands.
    ///   - outcome: what happened to it.
    ///   - now: the time, by the database's clock.
    ///   - executedVersion: the version of the function that the outcome is from.
    ///   - random: where UUIDs, random numbers and jitter come from.
    package func advance(
        _ branch: Branch,
        on outcome: Outcome,
        now: Timestamp,
        executedVersion: String = FunctionReference.latest,
        random: inout some RandomNumberGenerator
    ) -> Decision {
        var run = Run(self, branch: branch, now: now, executedVersion: executedVersion, random: random)
        let decision = run.decision(on: outcome)
        random = run.random
        return decision
    }

    /// What one state does, from the start of its work until it is left, fails, or asks for another attempt.
    ///
    /// - Parameters:
    ///   - branch: stands at the state, in the phase `retrying`, or waits in it for the outcome.
    ///   - inspection: what replaces the state's work, and what becomes visible.
    package func inspect(
        _ branch: Branch,
        on outcome: Outcome,
        now: Timestamp,
        random: inout some RandomNumberGenerator,
        inspection: inout Inspection
    ) -> Decision {
        var run = Run(self, branch: branch, now: now, random: random)
        run.inspection = inspection
        let decision = run.decision(on: outcome)
        random = run.random
        if let seen = run.inspection { inspection = seen }
        return decision
    }

    /// The end of an execution whose `TimeoutSeconds` is over.
    package func timeOutExecution(lastEvent: EventReference, now: Timestamp) -> Decision {
        var branch = Branch(
            startAt: machine.scope.startAt,
            input: JSONDocument(.object([:])),
            lastEvent: lastEvent
        )
        // It refers to no other event, as on AWS.
        branch.events.append(HistoryEvent(type: .executionTimedOut, previous: .recorded(0), timestamp: now))
        branch.lastEvent = .pending(0)
        return Decision(branch: branch, next: .endExecution(.timedOut(error: nil, cause: nil)))
    }
}

/// Makes the task token of an attempt at a Task. The same attempt gets the same token, whoever asks and after any crash.
package typealias TaskTokenIssuer = @Sendable (TaskAttempt) -> String

/// One attempt at one stay of a branch in a Task: what a task token is about.
package struct TaskAttempt: Sendable, Hashable {
    /// Which state the branch has entered, counted from 1: ``Branch/entry``.
    package var entry: Int
    /// Counted from 0: ``Branch/retryCount``.
    package var attempt: Int

    package init(entry: Int, attempt: Int) {
        self.entry = entry
        self.attempt = attempt
    }
}

/// Bounds of what one execution may do.
package struct Limits: Sendable, Hashable {
    /// UTF-8 bytes of an input, output or result.
    package var payloadBytes: Int
    /// Events of one execution.
    package var historyEvents: Int
    /// UTF-8 bytes of the variables that one `Assign` sets.
    package var assignedBytes: Int
    /// UTF-8 bytes of all variables that a branch can see.
    package var variableBytes: Int
    /// Iterations of an inline Map that run at once; nil: as many as its definition allows.
    package var iterationsAtOnce: Int?
    /// States run through in one decision before it is made durable.
    package var statesPerDecision: Int
    /// Bytes of unrecorded events after which a decision is made durable.
    package var eventBytesPerDecision: Int
    /// Time that all JSONata of one state together may take, in one decision.
    package var evaluationTimePerState: Duration
    /// Time spent in JSONata after which a decision is made durable.
    package var evaluationTimePerDecision: Duration

    package init(
        payloadBytes: Int = 16 << 20,
        historyEvents: Int = 5_000_000,
        assignedBytes: Int = 256 << 10,
        variableBytes: Int = 10 << 20,
        iterationsAtOnce: Int? = nil,
        statesPerDecision: Int = 500,
        eventBytesPerDecision: Int = 1 << 20,
        evaluationTimePerState: Duration = .seconds(3),
        evaluationTimePerDecision: Duration = .milliseconds(200)
    ) {
        self.payloadBytes = payloadBytes
        self.historyEvents = historyEvents
        self.assignedBytes = assignedBytes
        self.variableBytes = variableBytes
        self.iterationsAtOnce = iterationsAtOnce
        self.statesPerDecision = statesPerDecision
        self.eventBytesPerDecision = eventBytesPerDecision
        self.evaluationTimePerState = evaluationTimePerState
        self.evaluationTimePerDecision = evaluationTimePerDecision
    }
}
