import ArgumentParser
import Foundation
import FunctionHost
import Logging
import Postgres
import ServiceLifecycle
import StatesLanguage
import Store

/// What `stepwell dev` does between its start and its end: a server, the migrations, the definitions, a bare worker,
/// the user's own worker and command; and everything stopped in the reverse order.
struct DevSession: Service {
    let directory: DevDirectory
    let definitions: [DefinitionFile]
    /// The command line of the user's worker.
    let worker: String?
    /// Functions that the bare worker offers.
    let functions: FunctionHost?
    /// Where to serve the AWS API; nil: nowhere.
    let endpoint: DevEndpoint.Place?
    /// A command to run instead of waiting for a signal.
    let command: [String]

    func run() async throws {
        let lock = try directory.claim()
        defer { withExtendedLifetime(lock) {} }
        Console.note("PostgreSQL starts in \(directory.path.printable)")
        do {
            let cluster = try await cancelWhenGracefulShutdown { try await DevCluster.prepare(in: directory) }
            try await cluster.withServer { server in
                try await cancelWhenGracefulShutdown { try await prepare(server) }
                try await services(with: server).run()
            }
        } catch is CancellationError {
            Console.note("stopped")
        }
    }

    /// Brings the schema up to date and deploys the definitions.
    private func prepare(_ server: DevServer) async throws {
        let database = try PostgresConfiguration(server.socketURL)
        do {
            let migrations = try MigrationsDirectory.find()
            _ = try await Store.migrate(database, directory: migrations, buckets: nil, logger: .quiet)
            guard !definitions.isEmpty else { return }
            let store = try await Store.open(database, poolSize: 1, logger: .quiet)
            for definition in definitions {
                Console.note(try await definition.deploy(as: nil, to: store).summary)
            }
            await store.close()
        } catch let error as StoreError {
            var failure = Failure(error, database: database)
            if case .migration = error { failure.remedy = "to begin with an empty database, remove \(directory.path)" }
            throw failure
        }
    }

    /// The workers and the command. They are stopped in the reverse order.
    private func services(with server: DevServer) -> ServiceGroup {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PG") }
        environment["DATABASE_URL"] = server.databaseURL
        environment["STEPWELL_SCHEMA"] = nil
        let readiness = DevReadiness(parts: endpoint == nil ? 1 : 2) { address in
            if command.isEmpty { announce(server, address) }
        }
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: DevWorker(server: server, host: functions, readiness: readiness))
        ]
        if let endpoint {
            services.append(.init(service: DevEndpoint(server: server, place: endpoint, readiness: readiness)))
        }
        if let worker {
            var environment = environment
            environment["STEPWELL_WORKER_NAME"] = environment["STEPWELL_WORKER_NAME"] ?? "dev-own-\(server.port)"
            let words = ["/bin/sh", "-c", "exec \(worker)"]
            services.append(.init(service: UserProgram(words, environment, isMeantToEnd: false)))
        }
        if !command.isEmpty {
            let program = UserProgram(["/usr/bin/env", "--"] + command, environment, isMeantToEnd: true)
            services.append(.init(service: program, successTerminationBehavior: .gracefullyShutdownGroup))
        }
        return ServiceGroup(configuration: .init(services: services, logger: .quiet))
    }

    private func announce(_ server: DevServer, _ endpoint: ListenAddress?) {
        let machine = definitions.first?.defaultName ?? "MACHINE"
        let console = endpoint.map { " The console: http://\($0)/console" } ?? ""
        Console.show(
            """
            Ready.\(console) In this directory, in another terminal:

              stepwell start \(machine.printable) --input '{}' --wait
              stepwell list

            With any PostgreSQL client, from anywhere:

              export DATABASE_URL='\(server.databaseURL)'
              psql "$DATABASE_URL" -c "SELECT stepwell.start_execution('\(machine.printable)', '{}')"

            Ctrl-C stops everything; the data stays.
            """
        )
    }
}
