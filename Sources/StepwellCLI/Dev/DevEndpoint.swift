import Console
import Logging
import Postgres
import Server
import ServiceLifecycle
import Store
import Synchronization

/// The HTTP endpoint of `stepwell dev`, with the console, open to all programs on this machine.
struct DevEndpoint: Service {
    /// Where it listens.
    enum Place: Sendable {
        case at(ListenAddress)
        /// On 127.0.0.1, at port 8083 or, where others have that, at any that is free.
        case loopback
    }

    let server: DevServer
    let place: Place
    let readiness: DevReadiness

    func run() async throws {
        let database = try PostgresConfiguration(server.socketURL)
        do {
            let store = try await Store.open(database, poolSize: 8, logger: .quiet)
            let result = await Result { try await serve(store, database) }
            await store.close()
            try result.get()
        } catch let error as StoreError {
            throw Failure(error, database: database)
        }
    }

    private func serve(_ store: Store, _ database: PostgresConfiguration) async throws {
        switch place {
        case .at(let address): try await serve(store, database, at: address)
        case .loopback:
            let wasUp = Mutex(false)
            do {
                try await serve(store, database, at: ListenAddress(host: "127.0.0.1", port: 8083)) {
                    wasUp.withLock { $0 = true }
                }
            } catch is Failure where !wasUp.withLock(\.self) {
                try await serve(store, database, at: ListenAddress(host: "127.0.0.1", port: 0))
            }
        }
    }

    private func serve(
        _ store: Store,
        _ database: PostgresConfiguration,
        at address: ListenAddress,
        onReady: @escaping @Sendable () -> Void = {}
    ) async throws {
        var endpoint = APIServer(
            store: store,
            configuration: database,
            host: address.host,
            port: address.port,
            authentication: .none,
            logger: .quiet,
            onReady: { port in
                onReady()
                let address = ListenAddress(host: address.host, port: port)
                Console.note(
                    "the AWS API is at http://\(address), WITHOUT AUTHENTICATION, for programs of this machine"
                )
                readiness.endpointIsUp(at: address)
            }
        )
        endpoint.site = try ConsoleSite()
        do {
            try await endpoint.run()
        } catch let error as StoreError {
            throw error
        } catch {
            throw Failure(
                .unavailable,
                "the endpoint can't listen: \(error)",
                at: address.description,
                remedy: "choose another --listen address"
            )
        }
    }
}
