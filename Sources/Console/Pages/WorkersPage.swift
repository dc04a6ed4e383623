import Hummingbird
import Server
import Store

/// The worker processes: who lives, and what they do.
enum WorkersPage {
    private struct Row {
        let name: String
        let host: String
        let isAlive: Bool
        let status: String
        let tone: String
        let inHand: Int
        let slots: Int
        let functions: [String]
        let version: String
        let started: Moment
        let seen: String
    }

    private struct Model {
        let rows: [Row]
        let more: String?
    }

    /// How many are shown, and of how many of their functions the names.
    private static let mostRows = 120
    private static let mostFunctions = 12

    static func answer(_ visit: Visit) async throws -> Response {
        let (now, texts) = (try await visit.store.databaseTime(), visit.texts)
        // Those that somebody should look for come first.
        let workers = try await visit.store.workers()
        let sorted = workers.filter { !$0.lives } + workers.filter(\.lives)
        let rows = sorted.prefix(mostRows)
            .map { worker in
                let functions = worker.record.functions.filter { !$0.isEmpty }
                let more = functions.count - mostFunctions
                return Row(
                    name: worker.record.name,
                    host: "\(worker.record.host) · \(worker.record.pid)",
                    isAlive: worker.lives,
                    status: texts(
                        worker.lives ? (worker.record.inHand > 0 ? "workers.busy" : "workers.idle") : "workers.dead"
                    ),
                    tone: worker.lives ? (worker.record.inHand > 0 ? "running" : "succeeded") : "failed",
                    inHand: worker.record.inHand,
                    slots: worker.record.slots,
                    functions: functions.prefix(mostFunctions) + (more > 0 ? ["+ \(more)"] : []),
                    version: worker.record.version,
                    started: Moment(worker.startedAt),
                    seen: texts.duration(from: worker.seenAt, to: now)
                )
            }
        let left = sorted.count - rows.count
        let model = Model(rows: rows, more: left > 0 ? texts("workers.more", ["count": texts.count(left)]) : nil)
        return visit.page("workers", model, title: texts("nav.workers"))
    }
}
