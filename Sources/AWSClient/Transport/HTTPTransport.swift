internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
import Synchronization

/// Sends HTTP requests. Connections are opened when they are first needed, and no redirect is followed: where a
/// request goes is the operator's decision, not the server's.
package final class HTTPTransport: Sendable {
    /// How much a request may take.
    package struct Bounds: Sendable {
        /// From the first byte sent to the last one received.
        package var time: Duration
        /// Of the response's body.
        package var responseBytes: Int

        package init(time: Duration = .seconds(60), responseBytes: Int = 16 << 20) {
            self.time = time
            self.responseBytes = responseBytes
        }
    }

    private enum State {
        case unused
        case open(HTTPClient)
        case closed
    }

    private let state = Mutex(State.unused)
    private let connectTimeout: Duration
    /// The address to connect to, by the name of the host.
    private let addresses: [String: String]
    private let sendsAgain: Bool

    /// - Parameters:
    ///   - addresses: the address to connect to, by the name of the host; the system resolves all others. TLS still
    ///     checks the certificate against the name.
    ///   - sendsAgain: whether a request is sent once more when its connection was closed before an answer came: mostly
    ///     one that had been idle, but the server may have got the request.
    package init(
        connectTimeout: Duration = .seconds(5),
        addresses: [String: String] = [:],
        sendsAgain: Bool = true
    ) {
        self.connectTimeout = connectTimeout
        self.addresses = addresses
        self.sendsAgain = sendsAgain
    }

    /// Closes the connections; requests after that fail. To be called before the transport is let go.
    package func close() async {
        let before = state.withLock { state in
            defer { state = .closed }
            return state
        }
        if case .open(let client) = before { try? await client.shutdown() }
    }

    /// Sends a request and collects its answer.
    package func send(_ request: OutgoingRequest, bounds: Bounds = Bounds()) async throws(TransportError)
        -> IncomingResponse
    {
        try await withDeadline(bounds.time) { [self] () async throws(TransportError) in
            let client = try client()
            do {
                let response: HTTPClientResponse
                do {
                    response = try await client.execute(Self.native(request), deadline: .distantFuture)
                } catch let error as HTTPClientError where sendsAgain && error == .remoteConnectionClosed {
                    response = try await client.execute(Self.native(request), deadline: .distantFuture)
                }
                return try await Self.collected(response, upTo: bounds.responseBytes, of: request)
            } catch {
                throw TransportError(error)
            }
        }
    }

    private static func collected(
        _ response: HTTPClientResponse,
        upTo limit: Int,
        of request: OutgoingRequest
    ) async throws -> IncomingResponse {
        var whole = IncomingResponse(
            status: Int(response.status.code),
            headers: response.headers.map { (name: $0.name, value: $0.value) },
            body: []
        )
        if let declared = whole.header("Content-Length").flatMap({ Int($0) }), request.method != "HEAD" {
            guard declared <= limit else { throw TransportError.responseTooLarge(limit: limit) }
            whole.body.reserveCapacity(declared)
        }
        for try await chunk in response.body {
            guard whole.body.count + chunk.readableBytes <= limit else {
                throw TransportError.responseTooLarge(limit: limit)
            }
            whole.body += chunk.readableBytesView
        }
        return whole
    }

    private func client() throws(TransportError) -> HTTPClient {
        let client: HTTPClient? = state.withLock { state in
            switch state {
            case .open(let client): return client
            case .closed: return nil
            case .unused:
                var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
                configuration.timeout.connect = .nanoseconds(connectTimeout.nanoseconds)
                configuration.timeout.read = .seconds(15 * 60)
                configuration.connectionPool.idleTimeout = .seconds(15)
                // How many calls there may be at once is the worker's concern.
                configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 10_000
                configuration.connectionPool.retryConnectionEstablishment = false
                configuration.httpVersion = .http1Only
                configuration.dnsOverride = addresses
                let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
                state = .open(client)
                return client
            }
        }
        guard let client else { throw .closed }
        return client
    }

    private static func native(_ request: OutgoingRequest) -> HTTPClientRequest {
        var native = HTTPClientRequest(url: request.url)
        native.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { native.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty {
            native.body = .bytes(ByteBuffer(bytes: request.body))
        } else if ["POST", "PUT", "PATCH"].contains(request.method) {
            native.body = .bytes(ByteBuffer())
        }
        return native
    }
}

extension TransportError {
    init(_ error: any Error) {
        switch error {
        case let error as TransportError: self = error
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
                .getConnectionFromPoolTimeout:
                self = .timedOut
            case .cancelled: self = .cancelled
            default: self = .failed(reason: error.shortDescription)
            }
        case let error as IOError: self = .failed(reason: error.description)
        default: self = .failed(reason: "\(error)")
        }
    }
}

extension Duration {
    /// Held within what NIO can count.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
