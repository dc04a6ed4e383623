import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Lets an execution go on from where it failed.
struct RedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Go on with executions from where they failed.",
        discussion: """
            For executions that failed, were aborted or timed out in the last 14 days. States that were left well are not \
            run again; the history goes on.

              stepwell redrive ProcessOrder:order-1042
              stepwell redrive --machine ProcessOrder --error BankIsBusy --since 2h --dry-run
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN.")
    var execution: String?

    @OptionGroup var bulk: BulkOptions

    @Option(help: "Of many: only those that ended with this error.")
    var error: String?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try bulk.validate(execution: execution, isFiltered: error != nil) }

    func run() async throws {
        guard let execution else { return try await redriveMany() }
        let redriven = try await database.withStore { try await $0.redriveExecution(execution) }
        if output.json {
            Console.show(["redriveDate": .string("\(redriven.redrivenAt)")])
        } else {
            Console.show("redriven at \(redriven.redrivenAt.displayText)")
        }
    }

    private func redriveMany() async throws {
        let statuses: [ExecutionStatus] = [.failed, .timedOut, .aborted]
        let change = BulkChange(verb: ("redrive", "redriven"), options: bulk, statuses: statuses, error: error)
        try await database.withStore { store in
            try await change.run(store, json: output.json) { store, execution in
                _ = try await store.redriveExecution(execution)
            }
        }
    }
}
