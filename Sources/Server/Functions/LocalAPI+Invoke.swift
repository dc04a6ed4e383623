import JSON
import Logging
import StatesLanguage
import Store

extension LocalAPI {
    /// A call of a function, and what has become of it.
    package struct Invocation: Sendable {
        package struct Answer: Sendable {
            /// JSON.
            package var payload: String
            package var hasFailed: Bool
            /// The end of what it has printed.
            package var printed: String
        }

        /// The execution that is the call, as `MACHINE:NAME`.
        package var execution: String
        /// nil: nobody waits for it, or it goes on.
        package var answer: Answer?
    }

    /// Calls a function as Lambda's `Invoke` does.
    ///
    /// - Parameter patience: how long to wait for its answer; nil: nobody waits, and what is set for such calls holds.
    /// - Throws: what the answer over HTTP would have said.
    package func invoke(
        _ function: String,
        payload: String,
        patience: Duration?,
        as caller: Caller
    ) async throws(APIError) -> Invocation {
        do {
            try caller.authorize("InvokeFunction", on: function)
            guard !function.hasPrefix(ServiceIntegration.offer(of: "")),
                FunctionSettings.isName(String(function.prefix { $0 != ":" }))
            else { throw InvokeRequest.invalid("The name of the function is not valid") }
            guard payload.utf8.count <= (patience == nil ? 1_048_576 : 6_291_456) else {
                throw APIError("RequestEntityTooLargeException", "The payload is too large", status: 413)
            }
            let document = try InvokeHandler.payload(Array(payload.utf8))
            guard try await store.isOffered(function) else { throw InvokeRequest.notFound(function) }
            guard let patience else {
                return Invocation(execution: try await store.invoke(function, payload: document, kind: .event))
            }
            let execution = try await store.invoke(function, payload: document, kind: .logged)
            let ends = services.ends
            let end = try await client.whilePresent { try await ends.end(of: execution, patience: patience) }
            guard let end else { return Invocation(execution: execution) }
            let (payload, hasFailed) = InvokeHandler.outcome(of: end)
            let log = try await store.takeLogTail(of: execution)
            return Invocation(
                execution: execution,
                answer: Invocation.Answer(payload: payload, hasFailed: hasFailed, printed: log?.tail ?? "")
            )
        } catch let error as APIError {
            throw error
        } catch let error as StoreError {
            if let refusal = APIError(error, arguments: Arguments(object: [:])) { throw refusal }
            logger.error("Failed", metadata: ["operation": "Invoke", "error": "\(error)"])
            throw .internalFailure
        } catch {
            logger.error("Failed", metadata: ["operation": "Invoke", "error": "\(error)"])
            throw .internalFailure
        }
    }
}
