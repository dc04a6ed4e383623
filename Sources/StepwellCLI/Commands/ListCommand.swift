import ArgumentParser
import JSON
import Postgres
import Store

/// Lists executions, newest first.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List executions, newest first.",
        discussion: """
            Without children of map runs. Filters add up; the one on the input takes names and, of arrays, indexes.

              stepwell list --machine ProcessOrder --status failed --since 1d
              stepwell list --where customer.id=c-81231 --limit 1000 --json
              stepwell list --after TOKEN
            """
    )

    @OptionGroup(title: "Which ones") var filter: FilterOptions

    @Option(help: "Only those that ended with this error.")
    var error: String?

    @Option(help: "The most to list, 1 to 1000.")
    var limit = 20

    @Option(help: ArgumentHelp("Go on where another list ended; it says how.", valueName: "token"))
    var after: String?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...1000).contains(limit) { throw ValidationError("--limit takes a number from 1 to 1000.") }
    }

    func run() async throws {
        let cursor = try after.map { (text) throws in
            guard let id = PGUUID(text) else { throw Failure(.refused, "'\(text)' is not where a list ended") }
            return ExecutionCursor(startedBefore: id)
        }
        let page = try await database.withStore { store in
            let now = try await store.databaseTime()
            var filter = filter.filter(now: now)
            filter.error = error
            return try await store.executions(filter, limit: limit, after: cursor)
        }
        if output.json {
            var object: JSONObject = ["executions": .array(page.executions.map(\.json))]
            if let next = page.next { object["next"] = .string(next.startedBefore.description) }
            Console.show(.object(object))
            return
        }
        guard !page.executions.isEmpty else {
            Console.note("no executions")
            return
        }
        var table = Table("STATUS", "STARTED", "TOOK", "EXECUTION")
        for execution in page.executions {
            table.add(
                Table.Cell(execution.status.rawValue, execution.status.tone),
                Table.Cell(execution.startedAt.displayText),
                Table.Cell(execution.stoppedAt?.distance(since: execution.startedAt) ?? "-"),
                "\(execution.stateMachine):\(execution.name)"
            )
        }
        table.show()
        if let next = page.next { Console.note("there are more: --after \(next.startedBefore)") }
    }
}

extension ExecutionStatus: ExpressibleByArgument {
    init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
