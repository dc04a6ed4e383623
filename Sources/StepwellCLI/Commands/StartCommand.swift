import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Starts an execution, and waits for its end if asked to.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start an execution of a state machine.",
        discussion: """
            A name makes the start safe to repeat: as long as the execution runs, the same name and input start nothing \
            new. With --wait the output is printed, and the exit status is 1 unless the execution succeeds.

              stepwell start ProcessOrder --name order-1042 --input '{"body": "{}"}'
              stepwell start ProcessOrder --input-file order.json --wait
            """
    )

    @Argument(help: "The state machine, by name or ARN.")
    var stateMachine: String

    @Option(help: "The execution's name, unique within the state machine (default: a new UUID).")
    var name: String?

    @Option(help: "The input as JSON (default: {}).")
    var input: String?

    @Option(help: "A file with the input; - reads standard input.")
    var inputFile: String?

    @Flag(help: "Wait until the execution has ended and print its output.")
    var wait = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if input != nil && inputFile != nil { throw ValidationError("Give --input or --input-file, not both.") }
    }

    func run() async throws {
        let input = try InputFile.json(input, file: inputFile, option: "--input", what: "input")
        try await database.withStore { store in
            let started = try await store.startExecution(stateMachine: stateMachine, name: name, input: input)
            if wait {
                try await showResult(of: started, in: store)
            } else if output.json {
                Console.show(["executionArn": .string(started.arn), "startDate": .string("\(started.startedAt)")])
            } else {
                Console.show(started.arn.printable)
            }
        }
    }

    private func showResult(of started: StartedExecution, in store: Store) async throws {
        let execution = try await ExecutionWatch(arn: started.arn, store: store).untilEnd()
        if output.json {
            Console.show(execution.json)
        } else {
            Console.note("\(execution.summary.status.styled(.errors)) \(started.arn.printable)")
            if let result = execution.output { Console.show(result.displayText) }
            if let error = execution.error { Console.note("error: \(error.printable)") }
            if let cause = execution.cause { Console.note("cause: \(cause.printable)") }
        }
        if execution.summary.status != .succeeded { throw Failure.silent(.negative) }
    }
}
