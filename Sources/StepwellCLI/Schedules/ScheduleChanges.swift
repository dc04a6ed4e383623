import ArgumentParser
import Store

struct ScheduleCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a schedule.",
        discussion: """
            rate(5 minutes), hours or days: at once, or from --start on, and then at every step.
            cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR): one of the two fields for days is ?; besides lists, \
            ranges and steps there are L (the last), 15W (the weekday nearest to the 15th) and 3#2 (the second Tuesday).
            at(2026-12-24T18:00:00): once.
            Times are those of clocks in --time-zone. One that they leap over is left out, and one that they show twice \
            counts once.

              stepwell schedules create nightly 'cron(0 3 * * ? *)' --time-zone Asia/Seoul --machine CloseBooks
              stepwell schedules create poll 'rate(5 minutes)' --function check_stock --overlap skip
            """
    )

    @Argument(help: "The schedule's name.")
    var name: String

    @Argument(help: "When it is due.")
    var expression: String

    @OptionGroup var options: ScheduleOptions

    @Flag(help: "Create it paused.")
    var paused = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard options.target != nil else { throw ValidationError("Say what to start: --machine or --function.") }
    }

    func run() async throws {
        guard let target = options.target else { return }
        var settings = ScheduleSettings(expression: expression, target: target)
        options.apply(to: &settings, input: try options.readInput())
        settings.isEnabled = !paused
        let schedule = try await database.withStore { try await $0.createSchedule(name, settings) }
        try schedule.show(as: output)
    }
}

struct ScheduleUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a schedule.",
        discussion: """
            What is not said stays as it is.

              stepwell schedules update nightly --expression 'cron(30 3 * * ? *)' --overlap buffer-one
            """
    )

    @Argument(help: "The schedule.")
    var name: String

    @Option(help: "When it is due.")
    var expression: String?

    @OptionGroup var options: ScheduleOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let input = try options.readInput()
        let schedule = try await database.withStore { store in
            try await store.updateSchedule(name) { settings in
                if let expression { settings.expression = expression }
                options.apply(to: &settings, input: input)
            }
        }
        try schedule.show(as: output)
    }
}

struct SchedulePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let nothing be due until it is resumed.",
        discussion: """
            What would have been due meanwhile is not caught up on; runs that wait go on waiting.

              stepwell schedules pause nightly
            """
    )

    @Argument(help: "The schedule.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        _ = try await database.withStore { try await $0.updateSchedule(name) { $0.isEnabled = false } }
    }
}

struct ScheduleResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused schedule go on.",
        discussion: """
              stepwell schedules resume nightly
            """
    )

    @Argument(help: "The schedule.")
    var name: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let schedule = try await database.withStore { try await $0.updateSchedule(name) { $0.isEnabled = true } }
        try schedule.show(as: output)
    }
}

struct ScheduleDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a schedule.",
        discussion: """
            What it has started goes on.

              stepwell schedules delete nightly
            """
    )

    @Argument(help: "The schedule.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await database.withStore { try await $0.deleteSchedule(name) }
    }
}
