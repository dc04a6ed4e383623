import ArgumentParser
import Logging

/// What every bench that needs a database takes.
struct BenchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A server to measure on, by a role that may create databases; without it a private one is started.",
            valueName: "conninfo"
        )
    )
    var database: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A line for the private server's postgresql.conf; repeatable.", valueName: "name=value")
    )
    var settings: [String] = []

    @Option(
        help: ArgumentHelp(
            "A PgBouncer in transaction mode in front of --database, for the worker to go through.",
            valueName: "conninfo"
        )
    )
    var pooler: String?

    @Option(help: "Into how many buckets the tables are cut; without it as `stepwell migrate` does.")
    var buckets: Int32?

    @Option(help: "Steps that the worker has in hand at once; without it the worker's default.")
    var concurrency: Int?

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func validate() throws {
        if pooler != nil && database == nil { throw ValidationError("--pooler needs --database.") }
        guard buckets.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--buckets takes a number from 1 to 1024.")
        }
        guard concurrency.map({ (1...10_000).contains($0) }) ?? true else {
            throw ValidationError("--concurrency takes a number from 1 to 10000.")
        }
    }
}

extension Logger {
    /// Only what makes a measurement worthless is worth a line.
    static var bench: Logger {
        var logger = Logger(label: "stepwell-bench")
        logger.logLevel = .error
        return logger
    }
}
