import AWSClient
import NIOPosix

/// Sends requests to hosts that a definition names. A name is resolved once, all its addresses are checked, and the
/// connection goes to one of those: a name that means another address a moment later leads nowhere.
struct GuardedTransport: Sendable {
    let rules: AddressRules

    /// - Throws: `.failed` with the reason when the host may not be reached.
    func send(_ request: OutgoingRequest, bounds: HTTPTransport.Bounds) async throws(TransportError) -> IncomingResponse
    {
        let host = request.endpoint.host
        let resolved = try? await NIOThreadPool.singleton.runIfActive { IPAddress.resolve(host) }
        guard let addresses = resolved, let first = addresses.first else {
            throw .failed(reason: "the host '\(host)' has no address")
        }
        guard let refused = addresses.first(where: { !rules.permits($0) }) else {
            let isNamed = addresses.allSatisfy { rules.isAllowed($0) }
            guard request.endpoint.isSecure || isNamed else {
                throw .failed(reason: "'\(host)' is on the public internet: only https goes there")
            }
            return try await send(request, to: first, bounds)
        }
        throw .failed(
            reason: "the host '\(host)' has the address \(IPAddress.text(refused)), which is not public; the worker's"
                + " operator can allow it: STEPWELL_HTTP_ALLOW=\(IPAddress.text(refused))"
        )
    }

    private func send(_ request: OutgoingRequest, to address: [UInt8], _ bounds: HTTPTransport.Bounds)
        async throws(TransportError) -> IncomingResponse
    {
        let transport = HTTPTransport(
            addresses: [request.endpoint.host: IPAddress.text(address)],
            sendsAgain: false
        )
        let result: Result<IncomingResponse, TransportError>
        do throws(TransportError) {
            result = .success(try await transport.send(request, bounds: bounds))
        } catch {
            result = .failure(error)
        }
        await transport.close()
        return try result.get()
    }
}
