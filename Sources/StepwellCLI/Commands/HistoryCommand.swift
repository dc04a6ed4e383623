import ArgumentParser
import JSON
import Store

/// Shows what happened in an execution, event by event.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the events of an execution.",
        discussion: """
            One line per event: its id, the time since the start, its type, the state, and the gist of its details. \
            With --json the events are those of AWS's GetExecutionHistory, whole. Of an express execution only the start \
            is kept: its events go to the log of the worker that runs it, as far as the state machine's \
            loggingConfiguration says.

              stepwell history ProcessOrder:order-1042
              stepwell history ProcessOrder:order-1042 --json | jq '.events[].type'
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN.")
    var execution: String

    @Flag(help: "Newest events first.")
    var reverse = false

    @Option(help: "The most events to show (default: all).")
    var limit: Int?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1 up.") }
    }

    func run() async throws {
        try await database.withStore { store in
            if output.json {
                try await showJSON(from: store)
            } else {
                try await showTimeline(from: store)
            }
            if try await keepsOnlyTheStart(store) {
                Console.note(
                    "an express execution keeps only its start; its events went to the log of its worker, as far as the "
                        + "state machine's loggingConfiguration says"
                )
            }
        }
    }

    /// Whether it is an express execution, also as a child of a map run.
    private func keepsOnlyTheStart(_ store: Store) async throws -> Bool {
        let summary = try await store.describe(execution).summary
        if summary.arn.contains(":express:") { return true }
        guard summary.status != .running else { return false }
        let last = try await store.history(execution, after: 0, limit: 1, reversed: true)
        return last.first?.id == 1
    }

    private func showJSON(from store: Store) async throws {
        // Event by event, since an execution may have millions.
        var separator = "{\"events\": [\n"
        try await forEachPage(in: store) { events in
            for event in events {
                Console.show(separator + event.json.text.escapedAsJSON, terminator: "")
                separator = ",\n"
            }
        }
        Console.show("\n]}")
    }

    private func showTimeline(from store: Store) async throws {
        var timeline = Timeline(startedAt: try await store.describe(execution).summary.startedAt)
        try await forEachPage(in: store) { timeline.show($0) }
    }

    private func forEachPage(in store: Store, _ body: ([RecordedEvent]) -> Void) async throws {
        var left = limit ?? .max
        var after = 0
        while left > 0 {
            let size = min(left, 1000)
            let events = try await store.history(execution, after: after, limit: size, reversed: reverse)
            body(events)
            guard let last = events.last, events.count == size else { return }
            after = last.id
            left -= events.count
        }
    }
}
