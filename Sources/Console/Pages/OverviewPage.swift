import Expressions
import Hummingbird
import Server
import Store
import Synchronization

/// What runs, what failed, and how much there is to do.
enum OverviewPage {
    private struct Tile {
        let name: String
        let value: String
        let note: String?
        let tone: String
        let address: String?
    }

    private struct Queue {
        let function: String
        /// nil: there is no page of it, or they may not see it.
        let address: String?
        let ready: String
        let oldest: String?
        let leased: String
        let sleeping: String
        let waiting: String
        let workers: Int
        let isStuck: Bool
    }

    private struct Model {
        let tiles: [Tile]
        let charts: [Chart]
        let queues: [Queue]
        let hasQueues: Bool
        let failures: ExecutionTable
        let allFailures: String
    }

    /// Functions whose work is shown.
    private static let mostQueues = 200

    static func answer(_ visit: Visit) async throws -> Response {
        // Whoever may see some state machines only begins with those.
        guard visit.may("ListExecutions", on: nil) else { return .redirect(Address.of(["machines"])) }
        let seen = try await visit.console.activity.figures(of: visit.store)
        var filter = ExecutionFilter()
        filter.statuses = [.failed]
        let failures = try await visit.store.executions(filter, limit: 8)
        let texts = visit.texts
        // What nobody offers comes first.
        let queues = seen.queue.queues.map { queue($0, workers: seen.workers, visit) }
        let model = Model(
            tiles: tiles(seen, texts),
            charts: [.started(seen.minutes, texts), .durations(seen.minutes, texts)],
            queues: Array((queues.filter(\.isStuck) + queues.filter { !$0.isStuck }).prefix(mostQueues)),
            hasQueues: !seen.queue.queues.isEmpty,
            failures: ExecutionTable(failures.executions, now: seen.now, texts),
            allFailures: Address.of(["executions"], [("status", "FAILED")])
        )
        return visit.page("overview", model, title: texts("nav.overview"))
    }

    private static func tiles(_ seen: ActivityCache.Figures, _ texts: Texts) -> [Tile] {
        let queue = seen.queue
        let failed = seen.minutes.reduce(0) { $0 + $1.failed }
        let ready = queue.queues.reduce(into: QueueFigures.Count()) { $0 += $1.ready }
        let sleeping = queue.queues.reduce(into: QueueFigures.Count()) { $0 += $1.sleeping }
        let waiting = queue.queues.reduce(into: QueueFigures.Count()) { $0 += $1.waiting }
        let oldest = queue.queues.map(\.oldestSeconds).max() ?? 0
        let dead = seen.workers.count { !$0.lives }
        func executions(_ status: String, since: String? = nil) -> String {
            Address.of(["executions"], [("status", status), ("since", since)])
        }
        return [
            Tile(
                name: texts("overview.running"),
                value: texts.count(queue.openExecutions),
                note: nil,
                tone: "running",
                address: executions("RUNNING")
            ),
            Tile(
                name: texts("overview.failed"),
                value: texts.count(failed),
                note: texts("overview.of", ["count": texts.count(seen.minutes.reduce(0) { $0 + $1.started })]),
                tone: failed > 0 ? "failed" : "succeeded",
                address: executions("FAILED", since: "1h")
            ),
            Tile(
                name: texts("overview.ready"),
                value: texts.count(ready),
                note: ready.count == 0
                    ? nil
                    : texts(
                        "overview.oldest",
                        ["duration": texts.duration(microseconds: Int64(min(oldest, 1e9) * 1_000_000))]
                    ),
                tone: oldest > 60 ? "failed" : "plain",
                address: nil
            ),
            Tile(
                name: texts("overview.sleeping"),
                value: texts.count(sleeping),
                note: nil,
                tone: "plain",
                address: nil
            ),
            Tile(
                name: texts("overview.waiting"),
                value: texts.count(waiting),
                note: nil,
                tone: "plain",
                address: nil
            ),
            Tile(
                name: texts("overview.workers"),
                value: texts.count(queue.liveWorkers),
                note: dead == 0 ? nil : texts("overview.dead", ["count": texts.count(dead)]),
                tone: queue.liveWorkers == 0 ? "failed" : "plain",
                address: Address.of(["workers"])
            ),
        ]
    }

    /// Where there is more of a function, or an activity.
    private static func address(of function: String, _ visit: Visit) -> String? {
        let activity = "activity:"
        return function.hasPrefix(activity)
            ? Address.of(["activities", String(function.dropFirst(activity.count))])
            : FunctionStanding.address(of: function, visit)
    }

    private static func queue(
        _ queue: QueueFigures.Queue,
        workers: [WorkerStanding],
        _ visit: Visit
    ) -> Queue {
        let texts = visit.texts
        let living = workers.filter(\.lives)
        let offering =
            queue.function.isEmpty
            ? living.count : living.count { $0.record.functions.contains(queue.function) }
        let seconds = min(queue.oldestSeconds, 1e9)
        return Queue(
            function: queue.function.isEmpty ? texts("overview.anybody") : queue.function,
            address: address(of: queue.function, visit),
            ready: texts.count(queue.ready),
            oldest: queue.ready.count == 0 ? nil : texts.duration(microseconds: Int64(seconds * 1_000_000)),
            leased: texts.count(queue.leased),
            sleeping: texts.count(queue.sleeping),
            waiting: texts.count(queue.waiting),
            workers: offering,
            isStuck: queue.ready.count > 0 && offering == 0
        )
    }
}

extension Texts {
    /// A number, or the least that it can be.
    func count(_ count: QueueFigures.Count) -> String { (count.isAtLeast ? "≥ " : "") + self.count(count.count) }
}

/// The figures of the overview, kept for a few seconds: many people may look, and the database counts once.
actor ActivityCache {
    struct Figures: Sendable {
        let queue: QueueFigures
        let minutes: [MinuteOfActivity]
        let workers: [WorkerStanding]
        let now: Timestamp
    }

    private static let lifetime: Duration = .seconds(2)
    private var kept: (figures: Figures, until: ContinuousClock.Instant)?

    func figures(of store: Store) async throws -> Figures {
        if let kept, kept.until > .now { return kept.figures }
        let figures = Figures(
            queue: try await store.queueFigures(upTo: Store.queueLimit),
            minutes: try await store.recentActivity(),
            workers: try await store.workers(),
            now: try await store.databaseTime()
        )
        kept = (figures, .now + Self.lifetime)
        return figures
    }
}
