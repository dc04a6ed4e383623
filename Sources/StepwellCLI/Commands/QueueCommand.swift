import ArgumentParser
import Foundation
import JSON
import Store

/// Shows how much there is to do.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Show how much there is to do, for each function.",
        discussion: """
            READY waits for a worker, the oldest of it for as long as OLDEST says; LEASED is in workers' hands, SLEEPING \
            waits for a time, WAITING for an answer. Work without a function is done by any worker. Every live branch is \
            counted: with millions that takes seconds.

              stepwell queue
            """
    )

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (figures, workers) = try await database.withStore { store in
            (try await store.queueFigures(), try await store.workers())
        }
        let living = workers.filter(\.lives)
        func offering(_ function: String) -> Int {
            function.isEmpty ? living.count : living.count { $0.record.functions.contains(function) }
        }
        if output.json {
            Console.show([
                "openExecutions": .number(JSONNumber(figures.openExecutions)),
                "liveWorkers": .number(JSONNumber(figures.liveWorkers)),
                "functions": .array(figures.queues.map { $0.json(workers: offering($0.function)) }),
            ])
            return
        }
        Console.show(
            "\(figures.openExecutions) executions are open, \(living.count) workers live"
        )
        guard !figures.queues.isEmpty else { return }
        var table = Table("FUNCTION", "READY", "OLDEST", "LEASED", "SLEEPING", "WAITING", "WORKERS")
        for queue in figures.queues {
            let count = offering(queue.function)
            let isStuck = queue.ready > 0 && count == 0
            table.add(
                Table.Cell(queue.function.isEmpty ? "(any worker)" : queue.function),
                Table.Cell("\(queue.ready)", isStuck ? .bad : nil),
                Table.Cell(queue.ready > 0 ? String(format: "%.1f s", queue.oldestSeconds) : "-"),
                "\(queue.leased)",
                "\(queue.sleeping)",
                "\(queue.waiting)",
                Table.Cell("\(count)", isStuck ? .bad : nil)
            )
        }
        table.show()
    }
}

extension QueueFigures.Queue {
    fileprivate func json(workers: Int) -> JSONValue {
        [
            "function": .string(function), "ready": .number(JSONNumber(ready)),
            "oldestSeconds": JSONNumber(oldestSeconds).map(JSONValue.number) ?? .null,
            "leased": .number(JSONNumber(leased)), "sleeping": .number(JSONNumber(sleeping)),
            "waiting": .number(JSONNumber(waiting)), "workers": .number(JSONNumber(workers)),
        ]
    }
}
