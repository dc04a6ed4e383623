import JSON
import Server
import Store

extension Visit {
    /// - Parameter action: with the service in front, as AWS names it.
    func denied(_ action: String, on subject: String? = nil) -> APIError {
        APIError(
            "AccessDeniedException",
            "Access key \(actor ?? "") is not authorized to perform: \(action)" + (subject.map { " on \($0)" } ?? ""),
            status: 403
        )
    }

    /// Does something that the API has no operation for, with the right that AWS has for it, and records that.
    ///
    /// - Parameters:
    ///   - action: as AWS names it.
    ///   - service: whose action it is.
    func carryOut(
        _ action: String,
        of service: String,
        on subject: String,
        detail: JSONValue? = nil,
        _ body: () async throws -> Void
    ) async throws {
        do {
            guard may(action, on: subject) else { throw denied("\(service):\(action)", on: subject) }
            try await body()
        } catch {
            let refusal = (error as? APIError) ?? (error as? StoreError)?.refusal ?? .internalFailure
            try await record(
                action,
                of: subject,
                detail: detail,
                refusal: "\(refusal.code.text): \(refusal.message)"
            )
            // What is none of theirs is for the log.
            throw refusal.status < 500 ? refusal : error
        }
        try await record(action, of: subject, detail: detail)
    }

    /// Calls a function, and records that.
    func invoke(_ function: String, payload: String, patience: Duration?) async throws -> LocalAPI.Invocation {
        guard let caller else { throw APIError.nobody }
        let invocation: LocalAPI.Invocation
        do {
            invocation = try await api.invoke(function, payload: payload, patience: patience, as: caller)
        } catch {
            try await record(
                "InvokeFunction",
                of: function,
                refusal: "\(error.code.text): \(error.message)"
            )
            throw error
        }
        try await record("InvokeFunction", of: function, detail: ["Execution": .string(invocation.execution)])
        return invocation
    }
}
