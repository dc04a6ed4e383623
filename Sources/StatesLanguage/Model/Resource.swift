/// What the `Resource` of a Task names.
package enum Resource: Sendable, Hashable {
    /// `arn:aws:lambda:…:function:NAME[:qualifier]`: found by its name, whatever region and account stand there.
    case function(name: String, arn: String)
    /// `arn:aws:states:::states:startExecution`: goes on once the child has started.
    case startExecution(arn: String)
    /// `arn:aws:states:::states:startExecution.sync:2`: waits for the child, whose output is JSON.
    case startExecutionSync2(arn: String)
    /// A well-formed resource that this engine can't run: parsed, refused at deployment with the reason.
    case unsupported(arn: String)

    /// The resource as written.
    package var arn: String {
        switch self {
        case .function(_, let arn), .startExecution(let arn), .startExecutionSync2(let arn), .unsupported(let arn): arn
        }
    }
}
