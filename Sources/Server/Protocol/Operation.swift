import JSON
import Store

/// One operation of the API: its name, what it demands of a request, and what it does.
struct Operation: Sendable {
    let name: String
    let members: [Constraint.Member]
    /// The argument that names what the operation is about: access is granted by it.
    let subject: Subject
    let run: @Sendable (Call) async throws -> JSONValue

    enum Subject: Sendable {
        /// A member that holds an ARN.
        case arn(String)
        /// A member that holds the name of a state machine, or an activity, that is to be.
        case stateMachineName(String)
        /// All that there is.
        case everything
        /// Nothing that belongs to a state machine, or something that the operation finds out and checks itself.
        case nothing
    }

    init(
        _ name: String,
        about subject: Subject,
        _ members: [Constraint.Member],
        run: @escaping @Sendable (Call) async throws -> JSONValue
    ) {
        self.name = name
        self.subject = subject
        self.members = members
        self.run = run
    }

    /// All that there are, by name.
    static let all: [String: Operation] = Dictionary(
        uniqueKeysWithValues: [
            StateMachineOperations.all, VersionOperations.all, AliasOperations.all, TagOperations.all,
            ExecutionOperations.all, ListOperations.all, TaskOperations.all, ValidationOperations.all,
            TestStateOperation.all, SyncExecutionOperation.all, ActivityOperations.all, MapRunOperations.all,
        ]
        .joined()
        .map { ($0.name, $0) }
    )
}

/// One request for an operation.
struct Call: Sendable {
    let arguments: Arguments
    let caller: Caller
    /// The name of the operation.
    let action: String
    let services: Services
    /// The trace that the request belongs to.
    var traceHeader: String?
    /// Who waits for the answer.
    var client: Departures.Watch?

    var store: Store { services.store }

    /// The ARN in a member.
    func arn(_ name: String) throws(APIError) -> ResourceARN {
        try ResourceARN(try arguments.required(name), settings: store.settings)
    }

    /// The name of the state machine that an unqualified ARN names.
    func stateMachine(_ name: String = "stateMachineArn") throws(APIError) -> String {
        let arn = try arn(name)
        switch arn.resource {
        case .stateMachine(let machine):
            guard arn.isLocal else { throw .stateMachineDoesNotExist(arn.text) }
            return machine
        case .labeled:
            throw .labeledARN
        default: throw arn.wrongType
        }
    }

    /// The execution in `executionArn`, as the store knows it.
    func execution(_ name: String = "executionArn") throws(APIError) -> String {
        let arn = try arn(name)
        switch arn.resource {
        case .execution, .mapChild:
            guard arn.isLocal else { throw .executionDoesNotExist(arn.text) }
            return arn.text
        default: throw arn.wrongType
        }
    }
}
