import Foundation
import JSON
import Logging
import Stepwell

/// One call of a function: what its runtime is told, and where what it prints goes.
struct FunctionCall: Sendable {
    let invocation: Invocation
    let logger: Logger
    let logTail: LogTail?
}

extension FunctionCall {
    /// A call that a worker makes.
    init(_ event: JSONDocument, _ context: FunctionContext) {
        invocation = Invocation(
            requestID: context.requestID,
            event: event.text,
            functionARN: context.invokedFunctionARN,
            traceHeader: context.traceHeader
        )
        logger = context.logger
        logTail = context.logTail
    }

    /// A call that no worker makes.
    init(_ event: JSONDocument, of function: String, in region: String, logger: Logger) {
        invocation = Invocation(
            requestID: UUID().uuidString.lowercased(),
            event: event.text,
            functionARN: "arn:aws:lambda:\(region):000000000000:function:\(function)",
            traceHeader: nil
        )
        self.logger = logger
        logTail = nil
    }
}
