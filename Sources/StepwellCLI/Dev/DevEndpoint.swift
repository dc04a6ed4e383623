import Console
import Logging
import Postgres
import Server
import ServiceLifecycle
import Store

/// The HTTP endpoint of `stepwell dev`, with the console, open to all programs on this machine.
struct DevEndpoint: Service {
    let server: DevServer
    let address: ListenAddress

    func run() async throws {
        let database = try PostgresConfiguration(server.socketURL)
        do {
            let store = try await Store.open(database, poolSize: 8, logger: .quiet)
            var endpoint = APIServer(
                store: store,
                configuration: database,
                host: address.host,
                port: address.port,
                authentication: .none,
                logger: .quiet
            )
            endpoint.site = try ConsoleSite()
            let result = await Result { try await endpoint.run() }
            await store.close()
            do {
                try result.get()
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
        } catch let error as StoreError {
            throw Failure(error, database: database)
        }
    }
}
