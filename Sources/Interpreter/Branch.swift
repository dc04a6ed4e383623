package import Expressions
package import JSON

/// Where one branch of an execution stands: the root, a branch of a Parallel, or an iteration of a Map. It is what a
/// row of `steps` holds, and all the interpreter needs to go on.
package struct Branch: Sendable, Equatable {
    /// What the branch is in the middle of.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Nothing has happened yet: `state` is the first state of its scope.
        case fresh
        /// About to enter `state` with `input`; the branch only paused to become durable.
        case entering
        /// In a Task whose function has been called.
        case invoking
        /// In a Wait.
        case sleeping
        /// In a state whose work will begin, or begin again: after the delay of a Retry, or once its entry is recorded.
        case retrying
        /// In a Parallel or Map whose branches run.
        case forked
        /// In a Task whose work waits to be asked for.
        case queued
        /// In a Task that has asked for a child execution to be started.
        case starting
        /// In a Task whose work others do, until they answer.
        case submitted
        /// In a distributed Map whose map run goes on; `taskInput` says what it was asked for.
        case mapping
        /// In a state whose work is over and whose result, kept in `taskInput`, is treated once its entry is recorded.
        case concluding
    }

    package var phase: Phase
    package var state: String
    /// The raw input of `state`. For a fresh iteration of a Map: the Map's effective input, which its `ItemSelector`
    /// sees as `$`.
    package var input: JSONDocument
    /// What the function or child was given, from `InputPath` and `Parameters`; nil when that is `input` itself or
    /// nothing has been called.
    package var taskInput: JSONDocument?
    /// Variables assigned in this branch's own scope, by name.
    package var variables: [String: JSONValue]
    /// Variables of the scopes around it, inner over outer: read, never assigned.
    package var outerVariables: [String: JSONValue]
    /// The item this iteration of a Map works on.
    package var item: MapItem?
    /// When `state` was entered.
    package var enteredAt: Timestamp
    /// How many states this branch has entered: with the branch's own id it identifies one stay in a state, over all
    /// attempts and crashes.
    package var entry: Int
    /// How often the current state has been retried (`$$.State.RetryCount`).
    package var retryCount: Int
    /// How often each retrier of the current state has been used, by its place in `Retry`; trailing zeros left out.
    package var retrierUses: [Int]
    /// When the current Task times out.
    package var deadline: Timestamp?
    /// Between heartbeats of the current Task, in seconds.
    package var heartbeatSeconds: Int?
    /// The last event of this branch.
    package var lastEvent: EventReference
    /// The event of entering `state`, which the causes of errors name.
    package var enteredEvent: EventReference
    /// The event that scheduled the current Task.
    package var scheduledEvent: EventReference
    /// Events that have happened and are not recorded yet, in order.
    package var events: [HistoryEvent]
    /// About how many bytes of payload these have.
    package var eventBytes: Int

    /// A branch that has not begun: everything else has its initial value.
    package init(
        startAt state: String,
        input: JSONDocument,
        item: MapItem? = nil,
        lastEvent: EventReference = .recorded(0)
    ) {
        phase = .fresh
        self.state = state
        self.input = input
        taskInput = nil
        variables = [:]
        outerVariables = [:]
        self.item = item
        enteredAt = Timestamp(microseconds: 0)
        entry = 0
        retryCount = 0
        retrierUses = []
        deadline = nil
        heartbeatSeconds = nil
        self.lastEvent = lastEvent
        enteredEvent = .recorded(0)
        scheduledEvent = .recorded(0)
        events = []
        eventBytes = 0
    }

    /// Takes out the events, which have been recorded with contiguous numbers, and gives what refers to them its number.
    ///
    /// - Parameter first: the number of `events[0]`.
    package mutating func recordEvents(from first: Int) {
        recordEvents(
            last: lastEvent.recorded(from: first),
            entered: enteredEvent.recorded(from: first),
            scheduled: scheduledEvent.recorded(from: first)
        )
    }

    /// Takes out the events, which have been recorded, where it is known what refers to them.
    package mutating func recordEvents(last: EventReference, entered: EventReference, scheduled: EventReference) {
        events = []
        eventBytes = 0
        lastEvent = last
        enteredEvent = entered
        scheduledEvent = scheduled
    }
}

/// One item of a Map.
package struct MapItem: Sendable, Equatable {
    /// Counted from 0.
    package var index: Int
    package var value: JSONDocument
    /// The key of an item that is a member of an object.
    package var key: String?
    /// Where the item comes from: `STATE_DATA`, `S3://bucket/key`; only distributed Maps say it.
    package var source: String?

    package init(index: Int, value: JSONDocument, key: String? = nil, source: String? = nil) {
        self.index = index
        self.value = value
        self.key = key
        self.source = source
    }
}

/// What is the same for every branch of an execution.
package final class ExecutionInfo: Sendable {
    /// The execution's ARN.
    package let arn: String
    package let name: String
    package let startTime: Timestamp
    package let stateMachineARN: String
    package let stateMachineName: String
    package let roleARN: String?
    /// Whether it is an express execution.
    package let isExpress: Bool
    package let redriveCount: Int
    /// When it was redriven last.
    package let redriveTime: Timestamp?
    /// What the start said about the trace that the execution belongs to.
    package let traceHeader: String?
    /// The execution's input; only loaded for machines that read it (`StateMachine.readsExecutionInput`).
    package let input: JSONDocument?

    package init(
        arn: String,
        name: String,
        startTime: Timestamp,
        stateMachineARN: String,
        stateMachineName: String,
        roleARN: String? = nil,
        isExpress: Bool = false,
        redriveCount: Int = 0,
        redriveTime: Timestamp? = nil,
        traceHeader: String? = nil,
        input: JSONDocument? = nil
    ) {
        self.arn = arn
        self.name = name
        self.startTime = startTime
        self.stateMachineARN = stateMachineARN
        self.stateMachineName = stateMachineName
        self.roleARN = roleARN
        self.isExpress = isExpress
        self.redriveCount = redriveCount
        self.redriveTime = redriveTime
        self.traceHeader = traceHeader
        self.input = input
    }
}
