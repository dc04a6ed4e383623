import Integrations
import Interpreter

/// Functions of Lambda's endpoint, as functions of this worker.
struct LambdaFunctions: Sendable {
    let endpoint: LambdaEndpoint
    let limits: Limits

    func function(named name: String) -> Function {
        Function(
            name: name,
            concurrency: nil,
            timeout: Function.defaultTimeout,
            body: .plain { event, context in
                do throws(TaskFailure) {
                    return try await endpoint.invoke(
                        name,
                        event,
                        time: context.remainingTime ?? Function.defaultTimeout,
                        resultBytes: limits.payloadBytes
                    )
                } catch {
                    throw ServiceFailure(error: error.error, cause: error.cause)
                }
            }
        )
    }
}
