package import Expressions
package import JSON

/// What happens next to a branch: the one durable transition that an outcome leads to.
package final class Decision: Sendable {
    /// The branch as it stands now; `branch.events` are to be recorded with it.
    package let branch: Branch
    package let next: Next

    package init(branch: Branch, next: Next) {
        self.branch = branch
        self.next = next
    }

    /// The same of the branch, but something else happens next.
    package func followed(by next: Next) -> Decision { Decision(branch: branch, next: next) }

    /// The same happens next, to the branch as it is recorded.
    package func recorded(as branch: Branch) -> Decision { Decision(branch: branch, next: next) }

    package enum Next: Sendable, Equatable {
        /// Call a function and come back with `succeeded`, `failed`, `timedOut` or `heartbeatMissed`.
        case invoke(FunctionCall)
        /// Come back with `due` at this time (a Wait, a retry's delay). The function, if any, is the one that will be
        /// called next: its workers should be the ones to wake up.
        case pause(until: Timestamp, function: String?)
        /// Come back with `due` as soon as this is durable: enough has been done in one go.
        case proceed(function: String?)
        /// Call a service and come back with `succeeded`, `failed` or `timedOut`.
        indirect case request(ServiceRequest)
        /// Start branches; come back with `joined` or `branchFailed`, and with `lastEvent` of the branch that ended last.
        indirect case fork(Fork)
        /// Carry on with the map run that `branch.taskInput` describes; come back with `succeeded` (its result) or
        /// `failed`.
        case runMap
        /// Start a child execution; come back with `succeeded`/`failed`, or with `submitted` when it is waited for.
        indirect case startExecution(ChildStart)
        /// Others do the work; come back with `succeeded`, `failed`, `timedOut` or `heartbeatMissed`.
        case awaitAnswer(Awaited)
        /// This branch of a Parallel or Map is done. Its `lastEvent` is what its parent goes on from, and what an
        /// iteration admitted in its place begins with.
        case endBranch(JSONDocument)
        /// This branch failed, and with it the Parallel or Map around it. What is not known is empty.
        case failBranch(error: String, cause: String)
        /// The whole execution is over; a branch that failed beyond help also says so.
        case endExecution(ExecutionEnd)
    }
}

/// The call of a function.
package final class FunctionCall: Sendable, Equatable {
    /// The function's name; once it was looked up what its qualifier means, with the version's number behind a colon.
    package let function: String
    /// The version or alias that the Task names; nil: the function as it is now.
    package let qualifier: String?
    /// Where the call stands in the queue of those that wait for a function; nil: since when it is ready.
    package let place: Timestamp?
    package let input: JSONDocument
    package let timeoutSeconds: Int?
    package let heartbeatSeconds: Int?
    /// Whether the call must be on record before it is made: the task token that it carries may be answered at once.
    package let carriesToken: Bool

    package init(
        function: String,
        qualifier: String? = nil,
        place: Timestamp? = nil,
        input: JSONDocument,
        timeoutSeconds: Int? = nil,
        heartbeatSeconds: Int? = nil,
        carriesToken: Bool = false
    ) {
        self.function = function
        self.qualifier = qualifier
        self.place = place
        self.input = input
        self.timeoutSeconds = timeoutSeconds
        self.heartbeatSeconds = heartbeatSeconds
        self.carriesToken = carriesToken
    }

    /// The same call of a function that is known by another name, or in its queue.
    package func of(_ function: String, place: Timestamp? = nil) -> FunctionCall {
        FunctionCall(
            function: function,
            qualifier: qualifier,
            place: place ?? self.place,
            input: input,
            timeoutSeconds: timeoutSeconds,
            heartbeatSeconds: heartbeatSeconds,
            carriesToken: carriesToken
        )
    }

    package static func == (left: FunctionCall, right: FunctionCall) -> Bool {
        left.function == right.function && left.qualifier == right.qualifier && left.place == right.place
            && left.input == right.input && left.timeoutSeconds == right.timeoutSeconds
            && left.heartbeatSeconds == right.heartbeatSeconds && left.carriesToken == right.carriesToken
    }
}

/// The call of a service.
package struct ServiceRequest: Sendable, Equatable {
    /// `aws-sdk:sfn`
    package var service: String
    /// `startExecution`
    package var action: String
    package var parameters: JSONDocument
    package var timeoutSeconds: Int?
    /// Whether the call must be on record before it is made: the task token that it carries may be answered at once.
    package var carriesToken: Bool
    /// What workers offer that can make it; nil: any worker can.
    package var offer: String?
    /// Whether only a worker that offers it should take it up.
    package var isForOthers = false

    package init(
        service: String,
        action: String,
        parameters: JSONDocument,
        timeoutSeconds: Int? = nil,
        carriesToken: Bool = false,
        offer: String? = nil
    ) {
        self.service = service
        self.action = action
        self.parameters = parameters
        self.timeoutSeconds = timeoutSeconds
        self.carriesToken = carriesToken
        self.offer = offer
    }
}

/// Work that is out of the engine's hands until somebody answers.
package enum Awaited: Sendable, Equatable {
    /// The end of a child execution.
    case execution
    /// An answer that names the task token; a heartbeat is due by then, if at all.
    case taskToken(heartbeatDue: Timestamp?)
    /// Somebody who asks for a task of this activity. If there is no such activity, come back with `refused` instead of
    /// making this durable.
    case activity(name: String)
}

/// The branches of a Parallel or the iterations of a Map.
package struct Fork: Sendable, Equatable {
    package enum Children: Sendable, Equatable {
        /// One branch per element: the state it starts at. All get `input`.
        case branches([String])
        /// One iteration per item, all starting at the same state. `input` is what an `ItemSelector` sees as `$`; nil
        /// when there is none.
        case iterations(items: [JSONDocument], startAt: String)
    }

    package var children: Children
    package var input: JSONDocument?
    /// How many may run at once; nil = no limit of the definition's.
    package var maxConcurrency: Int?
    /// What children carry as their last event: the one that started the Parallel or Map, pending like the branch's.
    package var event: EventReference

    package init(children: Children, input: JSONDocument?, maxConcurrency: Int?, event: EventReference) {
        self.children = children
        self.input = input
        self.maxConcurrency = maxConcurrency
        self.event = event
    }
}

/// A child execution to be started.
package struct ChildStart: Sendable, Equatable {
    /// The machine's ARN or name, as the definition has it.
    package var stateMachine: String
    /// The name the definition gives; nil: one is derived that is stable over crashes.
    package var name: String?
    package var input: JSONDocument
    /// Whether the parent waits for the child's end.
    package var isAwaited: Bool

    package init(stateMachine: String, name: String?, input: JSONDocument, isAwaited: Bool) {
        self.stateMachine = stateMachine
        self.name = name
        self.input = input
        self.isAwaited = isAwaited
    }
}

/// How an execution ended.
package enum ExecutionEnd: Sendable, Equatable {
    case succeeded(JSONDocument)
    case failed(error: String?, cause: String?)
    case timedOut(error: String?, cause: String?)
}
