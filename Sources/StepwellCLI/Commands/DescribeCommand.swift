import ArgumentParser
import Expressions
import JSON
import StatesLanguage
import Store

/// Shows one execution: what went in, what came out, and where it stands.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show an execution, and why it doesn't move.",
        discussion: """
            Of a running execution every branch is shown with the state it is in and what it waits for.

              stepwell describe ProcessOrder:order-1042
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN.")
    var execution: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let description = try await database.withStore { try await $0.describe(execution) }
        if output.json {
            Console.show(description.json)
        } else {
            show(description)
        }
    }

    private func show(_ execution: ExecutionDescription) {
        let summary = execution.summary
        var facts = Table()
        facts.add("state machine", "\(summary.stateMachine), revision \(execution.revision)")
        facts.add("name", Table.Cell(summary.name))
        facts.add("ARN", Table.Cell(summary.arn))
        facts.add("status", Table.Cell(summary.status.rawValue, summary.status.tone))
        facts.add("started", Table.Cell(summary.startedAt.displayText))
        if let stoppedAt = summary.stoppedAt {
            facts.add("ended", "\(stoppedAt.displayText), after \(stoppedAt.distance(since: summary.startedAt))")
        }
        if let error = execution.error { facts.add("error", Table.Cell(error)) }
        if let cause = execution.cause { facts.add("cause", Table.Cell(cause)) }
        facts.show()
        Console.show("input\n" + execution.input.displayText.indented)
        if let output = execution.output { Console.show("output\n" + output.displayText.indented) }
        guard !execution.steps.isEmpty else { return }
        Console.show()
        var steps = Table("STATE", "ENTERED", "WHAT IT DOES")
        for step in execution.steps {
            steps.add(
                Table.Cell(step.place),
                Table.Cell(step.enteredAt.displayText),
                Table.Cell(step.sentence(at: execution.observedAt), step.reason.tone)
            )
        }
        steps.show()
    }
}

extension String {
    fileprivate var indented: String { split(separator: "\n").map { "  " + $0 }.joined(separator: "\n") }
}
