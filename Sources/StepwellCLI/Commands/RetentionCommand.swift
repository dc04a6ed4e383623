import ArgumentParser
import JSON
import Store

/// Shows and changes how long executions stay after their end.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Show or change how long executions stay after they have ended.",
        discussion: """
            Workers forget what is older, with its history, and its name is free again.

              stepwell retention
              stepwell retention 30d
              stepwell retention 12h --machine ProcessOrder
              stepwell retention default --machine ProcessOrder

            With --archive on, executions are written down first, by workers that have a directory for that
            (STEPWELL_ARCHIVE_DIRECTORY): one line of JSON each, in files compressed by gzip.
            """
    )

    @Argument(help: "A number of days (30d) or hours (12h), or forever; default: as for all, with --machine.")
    var time: RetentionTime?

    @Option(help: "For the executions of this state machine (name or ARN).")
    var machine: String?

    @Option(help: "Whether executions are archived before they are forgotten: on or off.")
    var archive: Switch?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if machine != nil, time == nil { throw ValidationError("--machine needs a time, such as 30d.") }
        if machine == nil, time == .asForAll { throw ValidationError("default needs --machine.") }
        if machine != nil, time == .forever {
            throw ValidationError("A state machine can't have forever; give it a long time, such as 36500d.")
        }
    }

    func run() async throws {
        let retention = try await database.withStore { store throws(StoreError) in
            if let machine, let time {
                try await store.setRetention(seconds: time.seconds, stateMachine: machine)
            } else if let time {
                try await store.setRetention(seconds: time.seconds)
            }
            if let archive { try await store.setArchives(archive == .on) }
            return try await store.retention()
        }
        if output.json {
            Console.show(retention.json)
            return
        }
        var table = Table("EXECUTIONS OF", "STAY AFTER THEIR END")
        table.add("all state machines", Table.Cell(retention.seconds.map(RetentionTime.text) ?? "forever"))
        for (name, seconds) in retention.machines.sorted(by: { $0.key < $1.key }) {
            table.add(Table.Cell(name), Table.Cell(RetentionTime.text(seconds)))
        }
        table.show()
        Console.note(retention.archives ? "they are archived first" : "they are not archived")
    }
}

/// How long, as it is typed.
enum RetentionTime: ExpressibleByArgument, Equatable {
    case seconds(Int64)
    case forever
    case asForAll

    init?(argument: String) {
        switch argument {
        case "forever": self = .forever
        case "default": self = .asForAll
        default:
            guard let unit = argument.last, let scale: Int64 = ["d": 86_400, "h": 3_600][unit],
                let number = Int64(argument.dropLast()), (1...1_000_000).contains(number)
            else { return nil }
            self = .seconds(number * scale)
        }
    }

    var seconds: Int64? {
        guard case .seconds(let seconds) = self else { return nil }
        return seconds
    }

    static func text(_ seconds: Int64) -> String {
        for (scale, unit) in [(86_400, "day"), (3_600, "hour"), (1, "second")] as [(Int64, String)]
        where seconds % scale == 0 {
            return seconds == scale ? "1 \(unit)" : "\(seconds / scale) \(unit)s"
        }
        return "\(seconds) seconds"
    }
}

/// An option that is on or off.
enum Switch: String, ExpressibleByArgument, CaseIterable {
    case on
    case off
}

extension Retention {
    fileprivate var json: JSONValue {
        func value(_ seconds: Int64?) -> JSONValue { seconds.map { .number(JSONNumber(Int($0))) } ?? .null }
        let machines = machines.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) }
        return [
            "retentionSeconds": value(seconds), "stateMachines": .object(JSONObject(machines)),
            "archives": .bool(archives),
        ]
    }
}
