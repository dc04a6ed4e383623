import ArgumentParser
import JSON
import Store

/// Lists executions, newest first.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List executions, newest first.",
        discussion: """
              stepwell list --machine ProcessOrder --status failed
            """
    )

    @Option(help: "Only executions of this state machine (name or ARN).")
    var machine: String?

    @Option(help: "Only executions with this status: running, succeeded, failed, timed_out or aborted.")
    var status: ExecutionStatus?

    @Option(help: "The most to list, 1 to 1000.")
    var limit = 20

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...1000).contains(limit) { throw ValidationError("--limit takes a number from 1 to 1000.") }
    }

    func run() async throws {
        let page = try await database.withStore { store in
            try await store.executions(stateMachine: machine, status: status, limit: limit, after: nil)
        }
        if output.json {
            Console.show(["executions": .array(page.executions.map(\.json))])
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
        if page.next != nil { Console.note("there are more; see --limit") }
    }
}

extension ExecutionStatus: ExpressibleByArgument {
    init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
