import ArgumentParser
import JSON
import Monitoring
import StatesLanguage
import Store

/// Shows what happens while it happens.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow an execution until it ends, or the queue.",
        discussion: """
            An execution: its events as they come, and what keeps it where it stands for longer than a second. The exit \
            status is 1 unless it succeeds. With --json every event is a line.

              stepwell watch ProcessOrder:order-1042

            The queue: a line every so often with what is open and, over all functions, READY, LEASED, SLEEPING and \
            WAITING; what workers have done since the line before, per second; and how many live.

              stepwell watch --every 5
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN (default: the queue).")
    var execution: String?

    @Option(help: ArgumentHelp("Of the queue: how many seconds from line to line.", valueName: "seconds"))
    var every = 2

    @Option(help: ArgumentHelp("Of the queue: how many lines (default: until Ctrl-C).", valueName: "lines"))
    var count: Int?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...3600).contains(every) else { throw ValidationError("--every takes 1 to 3600 seconds.") }
        if let count, count < 1 { throw ValidationError("--count takes a number from 1 up.") }
        if execution != nil, count != nil { throw ValidationError("--count is for the queue.") }
    }

    func run() async throws {
        try await database.withStore { store in
            if let execution {
                try await follow(execution, in: store)
            } else {
                try await followQueue(of: store)
            }
        }
    }

    private func follow(_ execution: String, in store: Store) async throws {
        var timeline = Timeline(startedAt: try await store.describe(execution).summary.startedAt, isLive: true)
        var last = 0
        // What is described has its events already: the last look shows the last of them.
        let end = try await ExecutionWatch(arn: execution, store: store)
            .untilEnd { _ in
                while true {
                    let events = try await store.history(execution, after: last)
                    guard let newest = events.last else { return }
                    last = newest.id
                    if output.json {
                        for event in events { Console.show(event.json.text.escapedAsJSON) }
                    } else {
                        timeline.show(events)
                    }
                }
            }
        Console.note("\(end.summary.status.styled(.errors)) \(end.summary.arn.printable)")
        if end.summary.status != .succeeded { throw Failure.silent(.negative) }
    }

    private func followQueue(of store: Store) async throws {
        var flow = QueueFlow()
        var shown = 0
        while true {
            let time = try await store.databaseTime()
            let line = flow.next(try await store.queueFigures(), try await store.workerReports(), at: time)
            if output.json {
                Console.show(line.json.text)
            } else {
                // Again after a screenful, as vmstat does.
                if shown % 20 == 0 { Console.show(Style.output(.faint, QueueFlow.heading)) }
                Console.show(line.text)
            }
            shown += 1
            if shown == count { return }
            try await Task.sleep(for: .seconds(every))
        }
    }
}
