import ArgumentParser
import Expressions
import JSON
import Postgres
import StatesLanguage
import Store

/// Says why an execution doesn't move.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why an execution doesn't move.",
        discussion: """
            One line per branch, with the reason that a worker would see that looks for work: a function that no live \
            worker offers, a time that has not come, a lease, an answer that is waited for, a row or table that another \
            session has locked, with its pid.

              stepwell why ProcessOrder:order-1042
            """
    )

    @Argument(help: "The execution, as MACHINE:NAME or by ARN.")
    var execution: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await database.withStore { store in
            let locks = try await store.tableLocks()
            if locks.contains(where: { $0.mode == "AccessExclusiveLock" }) { return show(locks) }
            let description = try await store.describe(execution)
            let standing = try await store.standing(of: execution)
            let now = try await store.databaseTime()
            var notes: [String] = []
            for branch in standing.branches {
                switch branch.reason {
                case .mapRun(let run, _, _):
                    let (executions, items) = try await store.mapRunCounts(run)
                    notes.append(Self.note(on: executions, items))
                case .waitsForExecution:
                    if let child = try await child(of: branch, in: store) { notes.append("it waits for \(child)") }
                default: break
                }
            }
            if let session = standing.lockedBy {
                notes.append("\(session.sentence) has the execution's row: what workers do can't be recorded")
            }
            if let session = standing.oldSnapshot {
                notes.append(
                    "\(session.sentence) keeps dead rows in the queue, over which claims pass: they get slower"
                )
            }
            notes += locks.map(\.sentence)
            if output.json {
                show(description, standing, locks, now: now)
            } else {
                show(description, standing, notes: notes, now: now)
            }
        }
    }

    /// All there is to say while nobody can even read.
    private func show(_ locks: [TableLock]) {
        if output.json {
            Console.show(["tableLocks": .array(locks.map(\.json))])
        } else {
            for lock in locks { Console.show(lock.sentence) }
        }
    }

    /// The ARN of the execution that a branch has started, as its last event says it.
    private func child(of branch: BranchStanding, in store: Store) async throws -> String? {
        let event = try await store.history(execution, after: branch.lastEvent - 1, limit: 1).first
        let output = event?.json["taskSubmittedEventDetails"]?["output"]?.string
        return output.flatMap { try? JSONValue(parsing: $0) }?["ExecutionArn"]?.string?.printable
    }

    private static func note(on executions: MapRunCounts, _ items: MapRunCounts) -> String {
        "map run: \(executions.running) children run, \(items.succeeded) items are done, \(items.failed) failed"
    }

    private func show(
        _ execution: ExecutionDescription,
        _ standing: ExecutionStanding,
        notes: [String],
        now: Timestamp
    ) {
        guard execution.summary.status == .running else {
            let end = execution.summary.stoppedAt.displayText
            return Console.show("it has ended: \(execution.summary.status.rawValue) at \(end)")
        }
        var table = Table("STATE", "WHY IT STANDS")
        for (line, count) in Self.grouped(standing.branches, now: now) {
            let place = count > 1 ? "\(line.place) (× \(count))" : line.place
            table.add(Table.Cell(place), Table.Cell(line.sentence, line.tone))
        }
        table.show()
        let hasNoWorker = standing.branches.contains {
            if case .noWorker = $0.reason { true } else { false }
        }
        let workers = standing.liveWorkers
        if hasNoWorker || workers == 0 {
            Console.show("\n\(workers) \(workers == 1 ? "worker lives" : "workers live"): stepwell workers")
        }
        for note in notes { Console.show("\n" + note) }
    }

    private struct Line: Hashable {
        var place: String
        var sentence: String
        var tone: Style.Tone?
    }

    /// Branches of which the same is to be said make one line.
    private static func grouped(_ branches: [BranchStanding], now: Timestamp) -> [(line: Line, count: Int)] {
        var lines: [(line: Line, count: Int)] = []
        for branch in branches {
            let line = Line(place: branch.place, sentence: branch.sentence(at: now), tone: branch.reason.tone)
            if let index = lines.firstIndex(where: { $0.line == line }) {
                lines[index].count += 1
            } else {
                lines.append((line, 1))
            }
        }
        return lines
    }

    private func show(
        _ execution: ExecutionDescription,
        _ standing: ExecutionStanding,
        _ locks: [TableLock],
        now: Timestamp
    ) {
        var object: JSONObject = [
            "executionArn": .string(execution.summary.arn), "status": .string(execution.summary.status.rawValue),
            "branches": .array(standing.branches.map { $0.json(at: now) }),
            "liveWorkers": .number(JSONNumber(standing.liveWorkers)),
        ]
        if !locks.isEmpty { object["tableLocks"] = .array(locks.map(\.json)) }
        object["lockedBy"] = standing.lockedBy?.json
        object["oldSnapshot"] = standing.oldSnapshot?.json
        Console.show(.object(object))
    }
}
