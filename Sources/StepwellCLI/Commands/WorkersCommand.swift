import ArgumentParser
import JSON
import Postgres
import Store

/// Lists the workers that there are.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "List workers, what they offer and have in hand.",
        discussion: """
            A worker that has given no sign of life for 30 seconds counts as lost; what it had in hand goes on elsewhere \
            when its leases end.

              stepwell workers
            """
    )

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (workers, now) = try await database.withStore { store in
            (try await store.workers(), try await store.databaseTime())
        }
        if output.json {
            Console.show(["workers": .array(workers.map(\.json))])
            return
        }
        guard !workers.isEmpty else {
            Console.note("no workers")
            return
        }
        var table = Table("WORKER", "HOST", "PID", "STATE", "IN HAND", "SEEN", "UP", "VERSION", "FUNCTIONS")
        for worker in workers {
            let record = worker.record
            let state = worker.lives ? (record.isIdle ? "idle" : "busy") : "lost"
            table.add(
                Table.Cell(record.name),
                Table.Cell(record.host),
                "\(record.pid)",
                Table.Cell(state, worker.lives ? .good : .bad),
                "\(record.inHand) of \(record.slots)",
                Table.Cell(now.distance(since: worker.seenAt) + " ago"),
                Table.Cell(now.distance(since: worker.startedAt)),
                Table.Cell(record.version),
                Table.Cell(record.functions.joined(separator: " "))
            )
        }
        table.show()
    }
}

extension WorkerStanding {
    fileprivate var json: JSONValue {
        [
            "name": .string(record.name), "host": .string(record.host), "pid": .number(JSONNumber(Int(record.pid))),
            "instance": .string(record.instance.description), "version": .string(record.version),
            "lives": .bool(lives), "idle": .bool(record.isIdle), "inHand": .number(JSONNumber(record.inHand)),
            "slots": .number(JSONNumber(record.slots)), "startedAt": .string("\(startedAt)"),
            "seenAt": .string("\(seenAt)"), "functions": .array(record.functions.map { .string($0) }),
        ]
    }
}
