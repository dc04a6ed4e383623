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
            waits for a time, WAITING for an answer. Work without a function is done by any worker. Counting ends at 20,000 \
            of a kind, which is shown as ≥; with --exact it goes on, and with millions takes seconds.

              stepwell queue
              stepwell queue --exact --json
            """
    )

    @Flag(help: "Count everything, however long it takes.")
    var exact = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (figures, workers) = try await database.withStore { store in
            (try await store.queueFigures(upTo: exact ? nil : Store.queueLimit), try await store.workers())
        }
        let living = workers.filter(\.lives)
        func offering(_ function: String) -> Int {
            function.isEmpty ? living.count : living.count { $0.record.functions.contains(function) }
        }
        if output.json {
            Console.show([
                "openExecutions": .number(JSONNumber(figures.openExecutions.count)),
                "openExecutionsIsAtLeast": .bool(figures.openExecutions.isAtLeast),
                "liveWorkers": .number(JSONNumber(figures.liveWorkers)),
                "functions": .array(figures.queues.map { $0.json(workers: offering($0.function)) }),
            ])
            return
        }
        Console.show(
            "\(figures.openExecutions.text) executions are open, \(living.count) workers live"
        )
        guard !figures.queues.isEmpty else { return }
        var table = Table("FUNCTION", "READY", "OLDEST", "LEASED", "SLEEPING", "WAITING", "WORKERS")
        for queue in figures.queues {
            let count = offering(queue.function)
            let isStuck = queue.ready.count > 0 && count == 0
            table.add(
                Table.Cell(queue.function.isEmpty ? "(any worker)" : queue.function),
                Table.Cell(queue.ready.text, isStuck ? .bad : nil),
                Table.Cell(queue.ready.count > 0 ? String(format: "%.1f s", queue.oldestSeconds) : "-"),
                Table.Cell(queue.leased.text),
                Table.Cell(queue.sleeping.text),
                Table.Cell(queue.waiting.text),
                Table.Cell("\(count)", isStuck ? .bad : nil)
            )
        }
        table.show()
    }
}

extension QueueFigures.Count {
    var text: String { isAtLeast ? "≥ \(count)" : "\(count)" }
}

extension QueueFigures.Queue {
    /// The members of which there are more than the number says are named in `isAtLeast`.
    fileprivate func json(workers: Int) -> JSONValue {
        let counts = [("ready", ready), ("leased", leased), ("sleeping", sleeping), ("waiting", waiting)]
        var object: JSONObject = ["function": .string(function)]
        for (name, count) in counts { object[name] = .number(JSONNumber(count.count)) }
        object["oldestSeconds"] = JSONNumber(oldestSeconds).map(JSONValue.number) ?? .null
        object["workers"] = .number(JSONNumber(workers))
        object["isAtLeast"] = .array(counts.filter(\.1.isAtLeast).map { .string($0.0) })
        return .object(object)
    }
}
