import Foundation
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Store

/// Lambda's `Invoke` for the functions that workers offer.
struct InvokeHandler: Sendable {
    let services: Services
    let access: AccessControl
    let client: Departures.Watch?
    let logger: Logger

    func answer(_ request: Request, id: String) async -> Response {
        do {
            let invocation = try InvokeRequest(request)
            let bytes = RequestHandler.expectedBytes(request, limit: invocation.largestPayload)
            return try await services.admission.whileAdmitted(bytes: bytes) {
                try await invoke(invocation, request, id: id)
            }
        } catch let error as APIError where error.code == APIError.throttled.code {
            // Lambda has a name of its own for it.
            return Self.error(APIError("TooManyRequestsException", error.message, status: 429, retryAfter: 1), id: id)
        } catch let error as APIError {
            return Self.error(error, id: id)
        } catch let error as StoreError where error.isTransient {
            return Self.error(.unavailable, id: id)
        } catch StoreError.invalidInput(let reason) {
            return Self.error(APIError("InvalidRequestContentException", reason), id: id)
        } catch {
            logger.error("Failed", metadata: ["operation": "Invoke", "requestId": "\(id)", "error": "\(error)"])
            return Self.error(APIError("ServiceException", APIError.internalFailure.message, status: 500), id: id)
        }
    }

    private func invoke(_ invocation: InvokeRequest, _ request: Request, id: String) async throws -> Response {
        let body = try await RequestHandler.body(of: request, limit: invocation.largestPayload)
        let caller = try await access.caller(of: request, body: body, service: "lambda")
        try caller.authorize("InvokeFunction", on: invocation.function)
        let payload = try Self.payload(body)
        let (function, version) = try await target(of: invocation, id: id)
        switch invocation.kind {
        case .dryRun: return Self.response(.noContent, [], version: version, id: id)
        case .event:
            _ = try await services.store.invoke(
                function,
                payload: payload,
                kind: .event,
                traceHeader: request.traceHeader
            )
            return Self.response(.accepted, [], version: version, id: id)
        case .requestResponse:
            let started = ContinuousClock.now
            let execution = try await services.store.invoke(
                function,
                payload: payload,
                kind: invocation.wantsLog ? .logged : .request,
                traceHeader: request.traceHeader
            )
            let ends = services.ends
            let patience = Duration.seconds(905)
            let end = try await client.whilePresent { try await ends.end(of: execution, patience: patience) }
            guard let end else {
                guard started.duration(to: .now) >= patience else { throw APIError.unavailable }
                throw APIError("ServiceException", "The function does not end", status: 500)
            }
            var response = Self.result(of: end, version: version, id: id)
            if invocation.wantsLog {
                let milliseconds = started.duration(to: .now).components.attoseconds / 1_000_000_000_000_000
                let seconds = started.duration(to: .now).components.seconds
                let log = try await services.store.takeLogTail(of: execution)
                response.headers[.logResult] = Self.log(
                    log,
                    version: version,
                    id: id,
                    milliseconds: seconds * 1000 + milliseconds
                )
            }
            return response
        }
    }

    /// The function as workers offer it, and its version. An alias of two versions chooses anew for every request.
    private func target(of invocation: InvokeRequest, id: String) async throws -> (function: String, version: String) {
        let store = services.store
        let missing = InvokeRequest.notFound(store.functionARN(invocation.function, qualifier: invocation.qualifier))
        var function = invocation.function
        var meaning = FunctionQualifiers.Meaning.latest
        if let qualifier = invocation.qualifier {
            meaning = try await store.functionQualifiers(of: function).meaning(of: qualifier, for: id)
        }
        switch meaning {
        case .latest: break
        case .version(let number): function += ":\(number)"
        case .unknown: throw missing
        }
        guard try await store.isOffered(function) else { throw missing }
        return (function, meaning.executedVersion)
    }

    /// No payload is an empty object.
    static func payload(_ body: [UInt8]) throws(APIError) -> JSONDocument {
        guard !body.isEmpty else { return JSONDocument([:]) }
        do throws(JSONSyntaxError) {
            return JSONDocument(try JSONValue(parsing: body))
        } catch {
            throw APIError("InvalidRequestContentException", "Could not parse request body into json: \(error)")
        }
    }

    private static func result(of end: ExecutionDescription, version: String, id: String) -> Response {
        let (payload, hasFailed) = outcome(of: end)
        var response = response(.ok, Array(payload.utf8), version: version, id: id)
        if hasFailed { response.headers[.functionError] = "Unhandled" }
        return response
    }

    /// What the function has answered, or its error as Lambda writes it.
    static func outcome(of end: ExecutionDescription) -> (payload: String, hasFailed: Bool) {
        if let output = end.output, end.summary.status == .succeeded { return (output.text, false) }
        var payload: JSONValue = [
            "errorMessage": .string(end.cause ?? ""), "errorType": .string(end.error ?? "Unknown"),
        ]
        // A function's own error is JSON already.
        if let cause = end.cause, let value = try? JSONValue(parsing: cause), value["errorMessage"] != nil {
            payload = value
        }
        return (payload.text, true)
    }

    /// The last 4 KB of what Lambda's log has of a call: the lines that it writes itself, and what the function printed.
    /// What a Swift handler logs goes where its worker's log goes.
    private static func log(
        _ log: (request: String, tail: String)?,
        version: String,
        id: String,
        milliseconds: Int64
    ) -> String {
        let id = log?.request ?? id
        var printed = log?.tail ?? ""
        if !printed.isEmpty, !printed.hasSuffix("\n") { printed += "\n" }
        let text = """
            START RequestId: \(id) Version: \(version)
            \(printed)END RequestId: \(id)
            REPORT RequestId: \(id)\tDuration: \(milliseconds) ms

            """
        return Data(text.utf8.suffix(4096)).base64EncodedString()
    }

    private static func response(
        _ status: HTTPResponse.Status,
        _ body: [UInt8],
        version: String? = nil,
        id: String
    ) -> Response {
        var headers: HTTPFields = [.contentType: "application/json", .amzRequestID: id]
        if let version { headers[.executedVersion] = version }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// Lambda's form of a refusal: its name in a header.
    private static func error(_ error: APIError, id: String) -> Response {
        let body: JSONValue = [
            "Type": error.status < 500 ? "User" : "Service", "Message": .string(error.message),
        ]
        var refusal = response(HTTPResponse.Status(code: error.status), Array(body.text.utf8), id: id)
        refusal.headers[.amzErrorType] = error.code.text
        if let seconds = error.retryAfter { refusal.headers[.retryAfter] = String(seconds) }
        return refusal
    }
}
