import Expressions
package import JSON
import Postgres

/// The step that waits for the end of an execution.
struct ChildParent {
    var bucket: Int32
    var execution: PGUUID
    var step: Int64
    var event: Int32
}

/// What becomes of a start that an execution asks for.
package enum ChildAnswer: Sendable {
    /// AWS's answer to StartExecution.
    case started(JSONValue)
    /// What a Task sees of an API call that was refused.
    case refused(error: String, cause: String)
}

extension Store {
    /// Starts an execution on behalf of another one that does not wait for it.
    ///
    /// - Parameters:
    ///   - machine: a name or an ARN.
    ///   - input: JSON.
    package func startChild(
        _ machine: String,
        name: String,
        input: String
    ) async throws(StoreError) -> ChildAnswer {
        try await startChild(machine, name: name, input: input, id: nil, parent: nil)
    }

    /// - Parameters:
    ///   - id: tells this start from others, where names do not; nil: it is made once.
    ///   - parent: who waits for its end.
    func startChild(
        _ machine: String,
        name: String,
        input: String,
        id: PGUUID?,
        parent: ChildParent?
    ) async throws(StoreError) -> ChildAnswer {
        do throws(StoreError) {
            let rows = try await query(
                Statement(
                    """
                    select o_outcome, o_arn, o_started_at
                    from stepwell.open_execution($1, $2, $3, $4, $5, $6, $7, $8)
                    """,
                    [
                        .text(Settings.machineName(machine)), .json(input), .text(name), .int4(parent?.bucket),
                        .uuid(parent?.execution), .int8(parent?.step), .int4(parent?.event), .uuid(id),
                    ]
                )
            )
            let (outcome, arn, startedAt) = try decode { () throws(PostgresError) in
                let row = try rows.only()
                return (try row.text(0), try row.text(1), Timestamp(microseconds: try row.timestamp(2)))
            }
            guard outcome != "conflict" else { throw .executionAlreadyExists(arn: arn) }
            return .started(
                ["ExecutionArn": .string(arn), "StartDate": .number(JSONNumber(startedAt.epochMilliseconds))]
            )
        } catch {
            switch error {
            case .stateMachineDoesNotExist, .stateMachineDeleting, .invalidName, .invalidInput, .executionAlreadyExists:
                let fault = error.apiFault(about: machine)
                return .refused(
                    error: "StepFunctions.\(fault.name)Exception",
                    cause: "\(fault.message) (Service: AWSStepFunctions; Status Code: 400; Error Code: \(fault.name);"
                        + " Request ID: \(PGUUID.v4()); Proxy: null)"
                )
            default: throw error
            }
        }
    }
}
