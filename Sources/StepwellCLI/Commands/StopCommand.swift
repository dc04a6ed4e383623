import ArgumentParser
import JSON
import Store

/// Aborts an execution.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Abort an execution, or many.",
        discussion: """
            What it had done stays done; handlers that run for it are cancelled. An execution that has ended stays as it is.

              stepwell stop ProcessOrder:order-1042 --cause "ordered twice"
              stepwell stop --machine ProcessOrder --before 7d --dry-run
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN.")
    var execution: String?

    @OptionGroup var bulk: BulkOptions

    @Option(help: "An error name to keep with it.")
    var error: String?

    @Option(help: "The reason to keep with it.")
    var cause: String?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try bulk.validate(execution: execution) }

    func run() async throws {
        guard let execution else { return try await stopMany() }
        let stoppedAt = try await database.withStore { store in
            try await store.stopExecution(execution, error: error, cause: cause)
        }
        if output.json {
            Console.show(["stopDate": .string("\(stoppedAt)")])
        } else {
            Console.show("stopped at \(stoppedAt.displayText)")
        }
    }

    private func stopMany() async throws {
        let change = BulkChange(verb: ("stop", "stopped"), options: bulk, statuses: [.running])
        try await database.withStore { store in
            try await change.run(store, json: output.json) { store, execution in
                _ = try await store.stopExecution(execution, error: error, cause: cause)
            }
        }
    }
}
