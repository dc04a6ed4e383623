import Expressions
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
package import Postgres
import ServiceLifecycle
package import Store

/// The AWS-compatible HTTP endpoint on a database.
package struct APIServer: Service {
    /// Who may send requests.
    package enum Authentication: Sendable {
        /// Everybody who can reach it: for a loopback address.
        case none
        /// Whoever has an access key of the database; their secrets are sealed with this.
        case accessKeys(KeySealer)
    }

    package var host: String
    package var port: Int
    package var authentication: Authentication
    /// Names by which it is reached beside localhost and addresses, where nobody is asked who they are.
    package var hosts = HostList()
    /// How many requests a second an access key may send for which nothing else is said.
    package var requestsPerSecond = 10_000
    /// Whether actions are throttled as AWS does in the region of the ARNs.
    package var throttlesAsAWS = false
    /// Whose it is, for TLS; nil: plain HTTP.
    package var certificate: ServerCertificate?
    package var logger: Logger
    /// Pages for people beside the API; nil: none.
    package var site: (any Site)?
    private let store: Store
    private let configuration: PostgresConfiguration
    private let onReady: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - configuration: of the store's database, to listen to: not a pooler in transaction mode.
    ///   - onReady: called once requests are accepted, with the port.
    package init(
        store: Store,
        configuration: PostgresConfiguration,
        host: String,
        port: Int,
        authentication: Authentication,
        logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.store = store
        self.configuration = configuration
        self.host = host
        self.port = port
        self.authentication = authentication
        self.logger = logger
        self.onReady = onReady
    }

    package func run() async throws {
        let services = try await Services(
            store: store,
            configuration: configuration,
            throttlesAsAWS: throttlesAsAWS,
            logger: logger
        )
        let mode: AccessControl.Mode =
            switch authentication {
            case .none: .open(hosts)
            case .accessKeys(let sealer): .signed(AccessKeyCache(store: store, sealer: sealer))
            }
        let access = AccessControl(mode: mode, requestsPerSecond: requestsPerSecond) {
            Timestamp.systemClock().microseconds / 1_000_000
        }
        let onReady = onReady
        let departures = services.departures
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [departures.makeHandler()],
            idleTimeout: .seconds(75),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 * 1024,
                maxHeaderListSize: 64 * 1024,
                maxHeaderFieldCount: 100
            )
        )
        let http = HTTPServerBuilder { HTTPChannel(base: HTTP1Channel(responder: $0, configuration: channel)) }
        var quiet = logger
        quiet.logLevel = .critical
        let handler = RequestHandler(services: services, access: access, logger: logger, site: site)
        await site?.prepare(api: handler.api())
        let application = Application(
            responder: handler,
            server: try certificate.map { try .tls(http, tlsConfiguration: $0.configuration) } ?? http,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1024),
            services: [services.deletions, WaitingService(services: services)],
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: quiet
        )
        try await application.run()
    }
}
