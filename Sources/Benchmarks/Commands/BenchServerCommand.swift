import ArgumentParser
import Foundation
import Logging
import Postgres
import Server
import ServiceLifecycle
import Store
import UnixSignals

/// The server of the bench `api`, in a process of its own. Prints the port that it listens on.
struct BenchServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "server", shouldDisplay: false)

    @Option var database: String
    @Option var keyFile: String

    func run() async throws {
        let configuration = try PostgresConfiguration(database)
        let store = try await Store.open(configuration, poolSize: 8, logger: .bench)
        let server = APIServer(
            store: store,
            configuration: configuration,
            host: "127.0.0.1",
            port: 0,
            authentication: .accessKeys(try KeySealer(file: keyFile)),
            logger: .bench
        ) { port in
            FileHandle.standardOutput.write(Data("\(port)\n".utf8))
        }
        let group = ServiceGroup(services: [server], gracefulShutdownSignals: [.sigterm], logger: .bench)
        try await group.run()
        await store.close()
    }
}
