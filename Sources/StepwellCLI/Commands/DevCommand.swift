import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs a private PostgreSQL with everything that a first workflow needs.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a private PostgreSQL and a worker until Ctrl-C.",
        discussion: """
            The cluster is kept in .stepwell/ of the working directory, as durable as any other; the next `dev` goes on \
            with it. Commands that are run in the same directory find it by themselves.

              stepwell dev
              stepwell dev --deploy ProcessOrder.asl.json --worker ./order-worker

            It also serves the AWS API and the console, without authentication, to this machine: at 127.0.0.1:8083, or \
            another port if that is taken, or where --listen says:

              stepwell dev --listen 127.0.0.1:8083
              aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083

            With a command after -- that is run, with DATABASE_URL set, and everything stops when it ends:

              stepwell dev -- sh -c 'psql "$DATABASE_URL" -f orders.sql'
            """
    )

    @Option(help: ArgumentHelp("A definition to deploy; may be repeated.", valueName: "file"))
    var deploy: [String] = []

    @Option(help: ArgumentHelp("A worker of yours to run as well, with DATABASE_URL set.", valueName: "command"))
    var worker: String?

    @OptionGroup var hosted: FunctionOptions

    @Option(help: ArgumentHelp("Serve the AWS API here, on a loopback address.", valueName: "host:port"))
    var listen: ListenAddress?

    @Argument(parsing: .postTerminator, help: "A command to run instead of waiting for Ctrl-C.")
    var command: [String] = []

    func validate() throws {
        if let listen, !listen.isLoopback {
            throw ValidationError("--listen takes a loopback address here: nobody is asked for a signature.")
        }
    }

    /// Where to serve: as was said, else, for people who look, where there is room.
    private var endpoint: DevEndpoint.Place? {
        if let listen { return .at(listen) }
        return command.isEmpty ? .loopback : nil
    }

    func run() async throws {
        let session = DevSession(
            directory: .standard,
            definitions: try deploy.map { try DefinitionFile(reading: $0) },
            worker: worker,
            functions: try hosted.host(logger: .quiet),
            endpoint: endpoint,
            command: command
        )
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: session, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigint, .sigterm],
                logger: .quiet
            )
        )
        try await services.run()
    }
}
