import ArgumentParser
import Expressions
import Foundation
import JSON
import Schedules
import StatesLanguage
import Store

struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the schedules by name.",
        discussion: """
              stepwell schedules list
            """
    )

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let schedules = try await database.withStore { store in
            var page = try await store.schedules(limit: 1000)
            var schedules = page.elements
            while let after = page.next {
                page = try await store.schedules(limit: 1000, after: after)
                schedules += page.elements
            }
            return schedules
        }
        if output.json { return Console.show(["Schedules": .array(schedules.map(\.json))]) }
        guard !schedules.isEmpty else { return Console.note("no schedules") }
        var table = Table("STATE", "NEXT", "SCHEDULE", "EXPRESSION", "STARTS")
        for schedule in schedules {
            table.add(
                Table.Cell(schedule.state, schedule.settings.isEnabled ? .good : .attention),
                Table.Cell(schedule.nextDue.displayText),
                Table.Cell(schedule.name),
                Table.Cell(schedule.settings.expression.printable),
                Table.Cell(schedule.settings.target.text.printable)
            )
        }
        table.show()
    }
}

struct ScheduleDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show a schedule, and what became of its last runs.",
        discussion: """
              stepwell schedules describe nightly
            """
    )

    @Argument(help: "The schedule.")
    var name: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (schedule, runs) = try await database.withStore { store in
            (try await store.schedule(name), try await store.runs(ofSchedule: name))
        }
        if output.json {
            guard case .object(var object) = schedule.json else { return }
            object["RecentRuns"] = .array(runs.map(\.json))
            return Console.show(.object(object))
        }
        try schedule.show(as: output)
        guard !runs.isEmpty else { return Console.note("it has not been due yet") }
        Console.show()
        var table = Table("DUE", "OUTCOME", "AT", "EXECUTION")
        for run in runs {
            table.add(
                Table.Cell(run.due.displayText),
                Table.Cell(run.outcome.rawValue, run.outcome.tone),
                Table.Cell(run.at.displayText),
                Table.Cell((run.execution ?? run.detail ?? "-").printable)
            )
        }
        table.show()
    }
}

struct ScheduleNextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Show when a schedule, or an expression, will be due.",
        discussion: """
            With --expression nothing is needed but the expression, not even a database.

              stepwell schedules next nightly --count 5
              stepwell schedules next --expression 'cron(30 2 L * ? *)' --time-zone Europe/Berlin
            """
    )

    @Argument(help: "The schedule.")
    var name: String?

    @Option(help: "An expression to try out.")
    var expression: String?

    @Option(help: "The time zone of the expression (default: UTC).")
    var timeZone: String?

    @Option(help: "How many times to show, 1 to 1000.")
    var count = 10

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (name == nil) != (expression == nil) else {
            throw ValidationError("Name a schedule, or give an --expression.")
        }
        guard name == nil || timeZone == nil else { throw ValidationError("--time-zone is for --expression.") }
        guard (1...1000).contains(count) else { throw ValidationError("--count takes a number from 1 to 1000.") }
    }

    func run() async throws {
        let (times, zone) = try await times()
        if output.json { return Console.show(["Times": .array(times.map { .string("\($0)") })]) }
        guard !times.isEmpty else { return Console.note("nothing will be due any more, or it is paused") }
        var table = Table("UTC", zone.name)
        for time in times { table.add(Table.Cell(time.displayText), Table.Cell(zone.text(of: time))) }
        table.show()
    }

    private func times() async throws -> ([Timestamp], ScheduleZone) {
        if let expression {
            do throws(ScheduleError) {
                let timing = try Timing(expression, timeZone: timeZone ?? "UTC")
                let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
                return (timing.times(from: timing.first(from: now, since: now), since: now, count), timing.zone)
            } catch {
                throw Failure(.refused, error.description, at: "--expression or --time-zone")
            }
        }
        let schedule = try await database.withStore { try await $0.schedule(name ?? "") }
        let timing = try schedule.settings.timing()
        return (timing.times(from: schedule.nextDue, since: schedule.base, count), timing.zone)
    }
}
