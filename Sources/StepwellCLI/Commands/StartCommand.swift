import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Starts an execution, and waits for its end if asked to; or one for every line of a file.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start an execution of a state machine, or thousands.",
        discussion: """
            A name makes the start safe to repeat: as long as the execution runs, the same name and input start nothing \
            new. With --wait the output is printed, and the exit status is 1 unless the execution succeeds.

              stepwell start ProcessOrder --name order-1042 --input '{"body": "{}"}'
              stepwell start ProcessOrder --input-file order.json --wait

            With --lines every line of a file is the input of an execution of its own. Its name says which members of \
            the input are in it; {#} is the number of the line. Lines that were started before are passed over, so \
            that what was interrupted is gone on with by the same command. Lines that can't be started are reported \
            by number, and make the exit status 1.

              stepwell start ProcessOrder --lines orders.jsonl --name 'order-{id}'
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

    @Option(help: ArgumentHelp("A file with an input in each line; - reads standard input.", valueName: "file"))
    var lines: String?

    @Flag(help: "Wait until the execution has ended and print its output.")
    var wait = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [input, inputFile, lines].count(where: { $0 != nil }) <= 1 else {
            throw ValidationError("Give one of --input, --input-file and --lines.")
        }
        guard lines == nil || name.flatMap(NameTemplate.init) != nil else {
            throw ValidationError("--lines needs a --name that tells them apart: 'order-{id}', or 'monday-{#}'.")
        }
        guard lines == nil || !wait else { throw ValidationError("--wait is for one execution.") }
    }

    func run() async throws {
        if let lines, let names = name.flatMap(NameTemplate.init) {
            return try await start(BulkStart(stateMachine: stateMachine, names: names, file: lines))
        }
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

    private func start(_ bulk: BulkStart) async throws {
        let tally = try await database.withStore { try await bulk.run($0) }
        if output.json { Console.show(tally.json) } else { Console.show(tally.summary) }
        if tally.refused > 0 { throw Failure.silent(.negative) }
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
