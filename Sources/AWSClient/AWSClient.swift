import Expressions
package import JSON
import Signing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Calls the services that a configuration names. Connections are opened when they are first needed; ``close()`` is to
/// be called before the client is let go.
package struct AWSClient: Sendable {
    package let configuration: AWSConfiguration
    package let transport: HTTPTransport

    package init(configuration: AWSConfiguration, transport: HTTPTransport = HTTPTransport()) {
        self.configuration = configuration
        self.transport = transport
    }

    package func close() async { await transport.close() }

    /// Calls an action of a service.
    ///
    /// - Parameters:
    ///   - action: the operation's name as the service has it: `PutItem`.
    ///   - parameters: its members, with large first letters. Those that are null are left out.
    /// - Throws: ``ServiceError``; `.invalidRequest` when the service has no endpoint or the action is not known.
    package func call(
        _ service: AWSService,
        _ action: String,
        _ parameters: JSONObject,
        bounds: HTTPTransport.Bounds = HTTPTransport.Bounds()
    ) async throws(ServiceError) -> ServiceReply {
        let endpoint = try endpoint(of: service)
        let parameters = JSONValue.object(parameters).withoutNulls.object ?? [:]
        switch service.wire {
        case .json(let version, let target):
            let wire = JSONProtocol(service: service, version: version, target: target)
            let response = try await send(wire.request(action, parameters, to: endpoint), as: service, bounds)
            return reply(try wire.output(response), response)
        case .query(let version):
            let wire = QueryProtocol(service: service, version: version)
            let response = try await send(wire.request(action, parameters, to: endpoint), as: service, bounds)
            return reply(try wire.output(action, response), response, requestID: QueryProtocol.requestID(response))
        case .restJSON, .restXML:
            guard let operation = service == .s3 ? S3Operations.all[action] : nil else {
                throw .invalidRequest("The action \(action) of \(service.id) is not one that this program can call")
            }
            let response = try await send(operation.request(parameters, to: endpoint), as: service, bounds)
            return reply(try operation.output(response), response)
        }
    }

    /// Signs a request, where there are credentials, and sends it.
    ///
    /// - Throws: `.fault` for every status but 2xx.
    func send(
        _ request: OutgoingRequest,
        as service: AWSService,
        _ bounds: HTTPTransport.Bounds
    ) async throws(ServiceError) -> IncomingResponse {
        let response: IncomingResponse
        do throws(TransportError) {
            response = try await transport.send(signed(request, as: service), bounds: bounds)
        } catch {
            throw .transport(error)
        }
        guard (200..<300).contains(response.status) else { throw .fault(ServiceFault(response)) }
        return response
    }

    func endpoint(of service: AWSService) throws(ServiceError) -> Endpoint {
        if let endpoint = configuration.endpoint(of: service) { return endpoint }
        let variable = "AWS_ENDPOINT_URL_\(service.endpointNames[0])"
        throw .invalidRequest("\(service.id) has no endpoint: set \(variable), or AWS_ENDPOINT_URL for all services")
    }

    func signed(_ request: OutgoingRequest, as service: AWSService) -> OutgoingRequest {
        guard let credentials = configuration.credentials else { return request }
        var request = request
        let signer = RequestSigner(
            credentials: credentials,
            region: configuration.region,
            service: service.signingName
        )
        request.headers += signer.headers(
            method: request.method,
            path: request.fullPath,
            query: request.query,
            headers: request.headers + [("Host", request.endpoint.authority)],
            body: request.body,
            timestamp: Self.signingTime()
        )
        return request
    }

    private func reply(_ output: JSONObject, _ response: IncomingResponse, requestID: String? = nil) -> ServiceReply {
        ServiceReply(
            output: output,
            status: response.status,
            headers: response.headers,
            requestID: response.requestID ?? requestID
        )
    }

    /// `20150830T123600Z`
    private static func signingTime() -> String {
        let now = Timestamp(microseconds: 0).adding(seconds: Int64(time(nil))).description
        return now.replacing(".000Z", with: "Z").filter { $0 != "-" && $0 != ":" }
    }
}

extension JSONValue {
    /// Without members that are null: to the SDKs they are not there.
    var withoutNulls: JSONValue {
        switch self {
        case .array(let items): .array(items.map(\.withoutNulls))
        case .object(let object):
            .object(JSONObject(object.filter { $0.value != .null }.map { ($0.key, $0.value.withoutNulls) }))
        default: self
        }
    }
}
