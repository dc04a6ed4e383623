import ArgumentParser
import FunctionHost
import Logging
import Postgres
import Stepwell

/// Runs a worker that has no functions compiled into it.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a worker, with functions in any language.",
        discussion: """
            It carries executions through every state that needs no function: Pass, Choice, Wait, Parallel, Map. Tasks \
            wait for a worker that offers their function. Functions in any language that speak Lambda's Runtime API run \
            in processes of their own, as the file functions.json of a folder declares them; functions in Swift are \
            fastest in a worker of your own, written with the library Stepwell.

              stepwell worker --name night-shift
              stepwell worker --functions functions/

            SIGTERM and Ctrl-C stop it in order. STEPWELL_CONCURRENCY, STEPWELL_LEASE_SECONDS, STEPWELL_NOTIFY and \
            STEPWELL_SHUTDOWN_SECONDS tune it as they do every worker.
            """
    )

    @Option(help: "The worker's name, unique on this machine; one that starts again under its name goes on at once.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Where to show metrics and health over HTTP: /metrics, /health/live, /health/ready.",
            valueName: "host:port"
        )
    )
    var metrics: String?

    @OptionGroup var hosted: FunctionOptions

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let settings = try database.configuration()
        do {
            var configuration = try WorkerConfiguration(environment: nil)
            configuration.database = settings.conninfo
            configuration.schema = settings.schema.description
            configuration.name = name ?? configuration.name
            configuration.metricsAddress = metrics ?? configuration.metricsAddress
            configuration.logger = Logger(label: "stepwell", factory: StreamLogHandler.standardError(label:))
            let host = try hosted.host(logger: configuration.logger)
            await host?.provision()
            let worker = Worker(configuration: configuration) { host?.functions ?? [] }
            let result = await Result { try await worker.run(handlesSignals: true) }
            await host?.stop()
            try result.get()
        } catch let error as WorkerError {
            throw Failure(.unavailable, "\(error)", at: settings.place)
        }
    }
}
