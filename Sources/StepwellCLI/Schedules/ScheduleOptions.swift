import ArgumentParser
import Expressions
import JSON
import Store

/// What is said about a schedule; what is left out stays as it is.
struct ScheduleOptions: ParsableArguments {
    @Option(help: "The time zone that the expression is meant in (default: UTC).")
    var timeZone: String?

    @Option(help: ArgumentHelp("Start executions of this state machine (name or ARN).", valueName: "machine"))
    var machine: String?

    @Option(help: ArgumentHelp("Call this function.", valueName: "name"))
    var function: String?

    @Option(
        help: ArgumentHelp(
            "The input as JSON (default: {}).",
            discussion:
                "<aws.scheduler.scheduled-time> in it becomes the due time, <aws.scheduler.execution-id> its name."
        )
    )
    var input: String?

    @Option(help: "A file with the input; - reads standard input.")
    var inputFile: String?

    @Option(
        help: ArgumentHelp(
            "What to do when the run before still goes on.",
            discussion: "allow-all (default), skip, buffer-one, buffer-all or terminate-other.",
            valueName: "policy"
        )
    )
    var overlap: ScheduleOverlap?

    @Option(
        help: ArgumentHelp(
            "How late a run may be: 90s, 10m, 12h or 7d (default: 24h).",
            discussion: "What became due longer ago, while no worker was there, is left out.",
            valueName: "time"
        )
    )
    var catchUp: Span?

    @Option(help: ArgumentHelp("Nothing is due before: 2026-12-01T00:00:00Z.", valueName: "date"))
    var start: Timestamp?

    @Option(help: ArgumentHelp("Nothing is due after.", valueName: "date"))
    var end: Timestamp?

    @Option(help: ArgumentHelp("Whether it is deleted when nothing is due any more: on or off.", valueName: "on|off"))
    var deleteAfterCompletion: Switch?

    @Option(help: "What it is for.")
    var description: String?

    func validate() throws {
        if machine != nil, function != nil { throw ValidationError("Give one of --machine and --function.") }
        if input != nil, inputFile != nil { throw ValidationError("Give one of --input and --input-file.") }
    }

    var target: ScheduleTarget? {
        machine.map { .stateMachine($0) } ?? function.map { .function($0) }
    }

    /// Puts what was said into settings.
    func apply(to settings: inout ScheduleSettings, input: JSONDocument?) {
        if let timeZone { settings.timeZone = timeZone }
        if let target { settings.target = target }
        if let input { settings.input = input }
        if let overlap { settings.overlap = overlap }
        if let catchUp { settings.catchUp = catchUp.seconds }
        if let start { settings.starts = start }
        if let end { settings.ends = end }
        if let deleteAfterCompletion { settings.deletesItself = deleteAfterCompletion == .on }
        if let description { settings.description = description.isEmpty ? nil : description }
    }

    /// The input, if one was said.
    func readInput() throws(Failure) -> JSONDocument? {
        guard input != nil || inputFile != nil else { return nil }
        return try InputFile.json(input, file: inputFile, option: "--input", what: "input")
    }
}

/// A span of time, as it is typed.
struct Span: ExpressibleByArgument {
    var seconds: Int64

    init?(argument: String) {
        guard let unit = argument.last, let scale: Int64 = ["d": 86_400, "h": 3_600, "m": 60, "s": 1][unit],
            let number = Int64(argument.dropLast()), (0...100_000_000).contains(number)
        else { return nil }
        seconds = number * scale
    }
}

extension ScheduleOverlap: ExpressibleByArgument {}

extension Timestamp: ExpressibleByArgument {
    /// Reads RFC 3339.
    public init?(argument: String) { self.init(argument) }
}
