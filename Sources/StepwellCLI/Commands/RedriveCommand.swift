import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Lets an execution go on from where it failed.
struct RedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Go on with an execution from where it failed.",
        discussion: """
            For executions that failed, were aborted or timed out in the last 14 days. States that were left well are not \
            run again; the history goes on.

              stepwell redrive ProcessOrder:order-1042
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN.")
    var execution: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let redriven = try await database.withStore { try await $0.redriveExecution(execution) }
        if output.json {
            Console.show(["redriveDate": .string("\(redriven.redrivenAt)")])
        } else {
            Console.show("redriven at \(redriven.redrivenAt.displayText)")
        }
    }
}
