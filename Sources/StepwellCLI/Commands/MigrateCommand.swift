import ArgumentParser
import JSON
import Store

/// Brings a database's schema up to this version.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create or update the schema `stepwell` in a database.",
        discussion: """
            Each migration is applied once, in a transaction of its own, however many processes try at the same time.

              stepwell migrate --dry-run
              stepwell migrate
            """
    )

    @Option(help: "Into how many buckets the tables are cut; can be given until the first execution exists.")
    var buckets: Int32?

    @Flag(help: "Only print what would be done.")
    var dryRun = false

    @Flag(help: "Spread the tables over the nodes of Citus, which the database has to have. See deploy/scale-out.md.")
    var citus = false

    @Flag(
        help: """
            Make the roles stepwell_migrate (owns all), stepwell_engine (workers and servers), stepwell_client and \
            stepwell_reader where they are missing.
            """
    )
    var roles = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard buckets.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--buckets takes a number from 1 to 1024.")
        }
        if roles && dryRun { throw ValidationError("--roles can't be tried with --dry-run.") }
        if citus && dryRun { throw ValidationError("--citus can't be tried with --dry-run.") }
    }

    func run() async throws {
        let configuration = try database.configuration()
        let directory = try MigrationsDirectory.find()
        let names: [String]
        var distributed: [String] = []
        var created: [String] = []
        do throws(StoreError) {
            names =
                dryRun
                ? try await Store.pendingMigrations(configuration, directory: directory, logger: .quiet)
                : try await Store.migrate(configuration, directory: directory, buckets: buckets, logger: .quiet)
            if roles { created = try await Store.createRoles(configuration, logger: .quiet) }
            if citus { distributed = try await Store.distribute(configuration, logger: .quiet) }
        } catch {
            throw Failure(error, database: configuration)
        }
        if output.json {
            var answer: JSONObject = [dryRun ? "pending" : "applied": .array(names.map(JSONValue.string))]
            if roles { answer["roles"] = .array(created.map(JSONValue.string)) }
            if citus { answer["distributed"] = .array(distributed.map(JSONValue.string)) }
            Console.show(.object(answer))
        } else if names.isEmpty && created.isEmpty && distributed.isEmpty {
            Console.show("the schema is up to date")
        } else {
            for name in names { Console.show("\(dryRun ? "would apply" : "applied") \(name)") }
            for name in created { Console.show("created role \(name)") }
            for name in distributed { Console.show("distributed \(name)") }
        }
    }
}
