import ArgumentParser
import Console
import Foundation
import Logging
import Postgres
import Server
import ServiceLifecycle
import Store
import UnixSignals

/// Runs the AWS-compatible HTTP endpoint.
struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Serve the AWS Step Functions API over HTTP.",
        discussion: """
            AWS's tools talk to it as they are, once they are told where it is:

              stepwell keys create ci --key-file stepwell.key --allow '*'
              stepwell server --listen 127.0.0.1:8083 --key-file stepwell.key
              aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083

            Requests are signed with access keys (`stepwell keys`). Without --tls-certificate it speaks plain HTTP: in \
            front of anything but loopback put a proxy that speaks TLS and passes the Host header on. GET /health/live, \
            /health/ready and /metrics need no key. Executions are carried on by workers, not by the server.

            People open http://127.0.0.1:8083/console and log in with an access key. A browser that reaches the server by \
            a name needs that name said: --console-host stepwell.example.org.
            """
    )

    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var listen: ListenAddress = ListenAddress(host: "127.0.0.1", port: 8083)

    @OptionGroup var key: KeyFileOptions

    @Option(help: "Requests a second that each key may send, unless the key has a limit of its own.")
    var rateLimit = 10_000

    @Flag(help: "Throttle actions as AWS does (ThrottlingException), to try a program's retries against it.")
    var awsThrottles = false

    @Option(help: ArgumentHelp("A PEM file with the certificate, and those that vouch for it.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("A PEM file with the certificate's private key.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "A name, beside localhost and addresses, by which browsers reach the server; repeatable.",
            valueName: "name"
        )
    )
    var consoleHost: [String] = []

    @Option(help: ArgumentHelp("What is logged: debug, info, notice, warning or error.", valueName: "level"))
    var logLevel = "info"

    @Flag(help: "Ask nobody for a signature. Only on loopback, and only for development.")
    var insecureNoAuth = false

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        if insecureNoAuth, !listen.isLoopback {
            throw ValidationError("--insecure-no-auth is for loopback addresses: 127.0.0.1, ::1, localhost.")
        }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level takes trace, debug, info, notice, warning, error or critical.")
        }
        guard rateLimit > 0 else { throw ValidationError("--rate-limit takes a number from 1.") }
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key belong together.")
        }
    }

    private func certificate() throws -> ServerCertificate? {
        guard let tlsCertificate, let tlsKey else { return nil }
        do throws(ServerCertificate.Failure) {
            return try ServerCertificate(chain: tlsCertificate, key: tlsKey)
        } catch {
            throw Failure(.refused, "\(error)", at: tlsCertificate)
        }
    }

    func run() async throws {
        let settings = try database.configuration()
        let listenDatabase = try listening(settings)
        let certificate = try certificate()
        let authentication: APIServer.Authentication =
            insecureNoAuth ? .none : .accessKeys(try key.sealer())
        var logger = Logger(label: "stepwell.server") { JSONLogHandler(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        if insecureNoAuth {
            logger.warning("Running WITHOUT AUTHENTICATION: every program on this machine can do everything")
        }
        if certificate == nil, !listen.isLoopback {
            logger.warning("Requests and answers can be read on their way: this is plain HTTP, and not on loopback")
        }
        do {
            let store = try await Store.open(settings, poolSize: 8, logger: logger)
            let address = listen
            var server = APIServer(
                store: store,
                configuration: listenDatabase,
                host: listen.host,
                port: listen.port,
                authentication: authentication,
                logger: logger
            ) { [logger] port in
                logger.info("Listening", metadata: ["address": "\(address.host):\(port)"])
            }
            server.requestsPerSecond = rateLimit
            server.throttlesAsAWS = awsThrottles
            server.certificate = certificate
            server.hosts = HostList(names: consoleHost)
            server.site = try ConsoleSite(hosts: consoleHost)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: server)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: .quiet
                )
            )
            let result = await Result { try await group.run() }
            await store.close()
            try result.get()
        } catch let error as StoreError {
            throw Failure(error, database: settings)
        }
    }
}

extension ServerCommand {
    /// Where to LISTEN: a pooler in transaction mode is no place for that.
    private func listening(_ settings: PostgresConfiguration) throws -> PostgresConfiguration {
        guard let url = ProcessInfo.processInfo.environment["STEPWELL_LISTEN_URL"], !url.isEmpty else {
            return settings
        }
        do throws(PostgresError) {
            return try PostgresConfiguration(url, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw Failure(.refused, "\(error)", at: "STEPWELL_LISTEN_URL")
        }
    }
}

/// `HOST:PORT`
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
        else {
            return nil
        }
        let host = argument[..<colon].filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// Whether only programs on this machine can reach it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    var defaultValueDescription: String { description }
}

/// Where the key is that seals the secrets of access keys.
struct KeyFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file with the key that seals secrets: 32 bytes, or 64 hexadecimal digits.",
            discussion: "Without it: STEPWELL_KEY_FILE, or the credential stepwell-key that systemd provides.",
            valueName: "file"
        )
    )
    var keyFile: String?

    func sealer() throws -> KeySealer {
        let environment = ProcessInfo.processInfo.environment
        let credential = environment["CREDENTIALS_DIRECTORY"].map { "\($0)/stepwell-key" }
            .flatMap { FileManager.default.isReadableFile(atPath: $0) ? $0 : nil }
        guard let file = keyFile ?? environment["STEPWELL_KEY_FILE"] ?? credential else {
            throw Failure(
                .refused,
                "access keys need the key that seals their secrets",
                remedy: "make one: (umask 077; openssl rand -hex 32 > stepwell.key), and pass --key-file stepwell.key"
            )
        }
        do throws(KeySealer.Failure) {
            return try KeySealer(file: file)
        } catch {
            throw Failure(.refused, "\(error)", at: file)
        }
    }
}
