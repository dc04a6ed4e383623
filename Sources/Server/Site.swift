package import Hummingbird
package import JSON
package import Logging
package import Store

/// Pages for people, which a server shows beside the API.
package protocol Site: Sendable {
    /// Called once before requests are accepted: what the first of them needs can be made ready.
    func prepare(api: LocalAPI) async

    /// Answers a request that is not the API's; nil: the site has nothing at its address.
    func respond(to request: Request, api: LocalAPI) async -> Response?
}

/// The API for a part of the server itself: the same operations, with the same checks of arguments and rights as for those
/// who come over HTTP.
package struct LocalAPI: Sendable {
    let services: Services
    let access: AccessControl
    /// Who waits for the answer.
    let client: Departures.Watch?
    package let logger: Logger

    package var store: Store { services.store }

    /// Whether nobody is asked who they are.
    package var isOpen: Bool {
        if case .open = access.mode { true } else { false }
    }

    /// The holder of an access key who shows its secret; nil: the two don't belong together.
    package func caller(accessKeyID id: String, secret: String) async throws -> Caller? {
        try await access.caller(accessKeyID: id, secret: secret)
    }

    /// The holder of an access key who has been recognized before; nil: the key was revoked since.
    package func caller(accessKeyID id: String) async throws -> Caller? { try await access.caller(accessKeyID: id) }

    /// Carries out an operation.
    ///
    /// - Throws: what the answer over HTTP would have said.
    package func perform(
        _ name: String,
        _ members: JSONObject,
        as caller: Caller
    ) async throws(APIError) -> JSONValue {
        guard let operation = Operation.all[name] else { throw .unknownOperation }
        let arguments = Arguments(object: members)
        do {
            try Validation.check(members, against: operation.members, payloadLimit: store.settings.payloadBytes)
            let call = Call(
                arguments: arguments,
                caller: caller,
                action: name,
                services: services,
                client: client
            )
            try call.authorize(operation.subject)
            return try await operation.run(call)
        } catch let error as APIError {
            throw error
        } catch let error as StoreError {
            if let refusal = APIError(error, arguments: arguments) { throw refusal }
            logger.error("Failed", metadata: ["operation": "\(name)", "error": "\(error)"])
            throw .internalFailure
        } catch {
            logger.error("Failed", metadata: ["operation": "\(name)", "error": "\(error)"])
            throw .internalFailure
        }
    }

    /// Works on a request if there is room for it.
    ///
    /// - Throws: `ServiceUnavailableException` if there is none.
    package func whileAdmitted<Value>(
        bytes: Int,
        _ body: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Value {
        try await services.admission.whileAdmitted(bytes: bytes, body)
    }

    /// How many bytes the body of a request will have, as far as is known before it is read: at most `limit`.
    package static func expectedBytes(of request: Request, limit: Int) -> Int {
        RequestHandler.expectedBytes(request, limit: limit)
    }

    /// The body of a request, whole.
    ///
    /// - Throws: for one that is too large, or can't be read.
    package static func body(of request: Request, limit: Int) async throws(APIError) -> [UInt8] {
        try await RequestHandler.body(of: request, limit: limit)
    }
}
