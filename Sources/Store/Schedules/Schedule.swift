package import Expressions
package import JSON
package import Schedules

/// What becomes of a run that is due while the one before it goes on, in Temporal's terms.
package enum ScheduleOverlap: String, Sendable, CaseIterable {
    /// It is started beside it, as EventBridge Scheduler does.
    case allowAll = "allow-all"
    /// It is left out.
    case skip
    /// It waits for its end, unless another one waits already.
    case bufferOne = "buffer-one"
    /// It waits for its end, behind the others that wait.
    case bufferAll = "buffer-all"
    /// The one before it is stopped.
    case terminateOther = "terminate-other"
}

/// What a schedule starts.
package enum ScheduleTarget: Sendable, Hashable {
    /// Executions, by a name or an ARN, perhaps with `:VERSION` or `:ALIAS` behind it.
    case stateMachine(String)
    /// Calls that nobody waits for.
    case function(String)
}

/// A schedule as it is asked for.
package struct ScheduleSettings: Sendable {
    package var expression: String
    package var timeZone = "UTC"
    package var starts: Timestamp?
    package var ends: Timestamp?
    package var target: ScheduleTarget
    package var input = JSONDocument(trusted: "{}")
    package var isEnabled = true
    package var overlap = ScheduleOverlap.allowAll
    /// How late a run may be, in seconds: a day, as long as EventBridge Scheduler tries.
    package var catchUp: Int64 = 86_400
    /// Whether it is deleted when nothing is due any more.
    package var deletesItself = false
    package var description: String?

    package init(expression: String, target: ScheduleTarget) {
        self.expression = expression
        self.target = target
    }

    /// - Throws: `.validation` for an expression, a zone or dates that mean nothing.
    package func timing() throws(StoreError) -> Timing {
        do throws(ScheduleError) {
            return try Timing(expression, timeZone: timeZone, starts: starts, ends: ends)
        } catch {
            throw .validation(error.description)
        }
    }
}

/// A schedule as it stands.
package struct Schedule: Sendable {
    package var name: String
    package var arn: String
    package var settings: ScheduleSettings
    /// Nil: nothing will be due any more, or it is paused.
    package var nextDue: Timestamp?
    /// How many runs wait for the end of the one before.
    package var bufferedCount: Int
    /// The newest execution that was started.
    package var lastExecution: String?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    /// Where a rate without a start counts from.
    package var base: Timestamp
    var generation: Int32
}

/// What became of a due time.
package struct ScheduleRun: Sendable, Hashable {
    package enum Outcome: String, Sendable {
        case started
        case buffered
        case skipped
        /// It and what was due after it, up to the next run, were too late.
        case missed
        case failed
    }

    package var due: Timestamp
    package var at: Timestamp
    package var outcome: Outcome
    package var execution: String?
    package var detail: String?
}
