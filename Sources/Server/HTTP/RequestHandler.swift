import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Store

/// Takes every HTTP request to whoever answers it. Whatever goes wrong becomes a response here, and nowhere else.
struct RequestHandler: HTTPResponder {
    typealias Context = ServerContext

    /// AWS's limit of a request.
    static let largestBody = 1_048_576

    let services: Services
    let access: AccessControl
    let logger: Logger
    /// Pages for people; nil: none are served.
    var site: (any Site)?

    /// - Parameter client: nil: the server asks for itself.
    func api(for client: Departures.Watch? = nil) -> LocalAPI {
        LocalAPI(services: services, access: access, client: client, logger: logger)
    }

    func respond(to request: Request, context: Context) async -> Response {
        await respond(to: request, client: services.departures.watch(context.channel))
    }

    /// - Parameter client: whose going ends the waiting for answers.
    func respond(to request: Request, client: Departures.Watch? = nil) async -> Response {
        let id = RequestIDs.make()
        let started = ContinuousClock.now
        let (operation, response) = await answer(request, id: id, client: client)
        services.metrics.requestEnded(
            operation: operation ?? "none",
            status: response.status.code,
            duration: started.duration(to: .now)
        )
        return response
    }

    private func answer(
        _ request: Request,
        id: String,
        client: Departures.Watch?
    ) async -> (operation: String?, Response) {
        switch (request.method, request.uri.path) {
        case (.get, "/health/live"): return ("health", .text("live\n"))
        case (.get, "/health/ready"): return ("health", await Health.ready(services.store))
        case (.get, "/metrics"):
            let pollers = await services.activities.waitingCount
            return ("metrics", .text(await services.metrics.text(of: services.store, pollers: pollers)))
        case (.post, "/"): return await answerOperation(request, id: id, client: client)
        case _ where InvokeRequest.matches(request):
            let functions = InvokeHandler(services: services, access: access, client: client, logger: logger)
            return ("Invoke", await functions.answer(request, id: id))
        default:
            if let response = await site?.respond(to: request, api: api(for: client)) { return ("console", response) }
            return (
                nil, .error(APIError("NotFoundException", "There is nothing at this address.", status: 404), id: id)
            )
        }
    }

    private func answerOperation(
        _ request: Request,
        id: String,
        client: Departures.Watch?
    ) async -> (operation: String?, Response) {
        var name: String?
        var logger = logger
        logger[metadataKey: "requestId"] = .string(id)
        var arguments = Arguments(object: [:])
        do {
            let operation = try Self.operation(request)
            name = operation.name
            let answer = try await services.admission.whileAdmitted(bytes: Self.expectedBytes(request)) {
                let body = try await Self.body(of: request)
                let caller = try await access.caller(of: request, body: body, service: "states")
                arguments = Arguments(object: try Self.input(body))
                try Validation.check(
                    arguments.object,
                    against: operation.members,
                    payloadLimit: services.store.settings.payloadBytes
                )
                let call = Call(
                    arguments: arguments,
                    caller: caller,
                    action: operation.name,
                    services: services,
                    traceHeader: request.traceHeader,
                    client: client
                )
                try call.authorize(operation.subject)
                try await call.throttle()
                return try await operation.run(call)
            }
            return (name, .json(answer, id: id))
        } catch let error as APIError {
            logger.debug("Refused", metadata: ["operation": "\(name ?? "-")", "code": "\(error.code.text)"])
            return (name, .error(error, id: id))
        } catch let error as StoreError {
            if let refusal = APIError(error, arguments: arguments) { return (name, .error(refusal, id: id)) }
            logger.error("Failed", metadata: ["operation": "\(name ?? "-")", "error": "\(error)"])
            return (name, .error(.internalFailure, id: id))
        } catch {
            logger.error("Failed", metadata: ["operation": "\(name ?? "-")", "error": "\(error)"])
            return (name, .error(.internalFailure, id: id))
        }
    }

    /// The operation that `X-Amz-Target` names.
    private static func operation(_ request: Request) throws(APIError) -> Operation {
        let targets = request.headers[values: .amzTarget]
        let type = request.headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() }
        guard targets.count == 1, targets[0].hasPrefix("AWSStepFunctions."),
            let operation = Operation.all[String(targets[0].dropFirst("AWSStepFunctions.".count))]
        else { throw .unknownOperation }
        guard type == "application/x-amz-json-1.0" else {
            throw APIError("UnsupportedMediaTypeException", "Send application/x-amz-json-1.0", status: 415)
        }
        return operation
    }

    /// The body, whole and as it was sent.
    static func body(of request: Request, limit: Int = largestBody) async throws(APIError) -> [UInt8] {
        guard request.headers[.contentEncoding] == nil else {
            throw APIError("UnsupportedMediaTypeException", "Send the body without Content-Encoding", status: 415)
        }
        let tooLarge = APIError("RequestEntityTooLargeException", "A request has at most \(limit) bytes", status: 413)
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit { throw tooLarge }
        do {
            let buffer = try await request.body.collect(upTo: limit)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            throw .serialization("The body could not be read")
        }
    }

    /// How many bytes a body will have, as far as is known before it is read: at most so many.
    static func expectedBytes(_ request: Request, limit: Int = largestBody) -> Int {
        guard let length = request.headers[.contentLength].flatMap(Int.init) else { return limit }
        return min(max(0, length), limit)
    }

    private static func input(_ body: [UInt8]) throws(APIError) -> JSONObject {
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: body)
        } catch {
            throw .serialization("The body is not JSON: \(error)")
        }
        guard case .object(let object) = value else { throw .serialization("The body must be a JSON object") }
        return object
    }
}
