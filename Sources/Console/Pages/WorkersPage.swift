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

    private struct Model { let rows: [Row] }

    static func answer(_ visit: Visit) async throws -> Response {
        let (now, texts) = (try await visit.store.databaseTime(), visit.texts)
        let rows = try await visit.store.workers()
            .map { worker in
                Row(
                    name: worker.record.name,
                    host: worker.record.host,
                    isAlive: worker.lives,
                    status: texts(
                        worker.lives ? (worker.record.inHand > 0 ? "workers.busy" : "workers.idle") : "workers.dead"
                    ),
                    tone: worker.lives ? (worker.record.inHand > 0 ? "running" : "succeeded") : "failed",
                    inHand: worker.record.inHand,
                    slots: worker.record.slots,
                    functions: worker.record.functions.filter { !$0.isEmpty },
                    version: worker.record.version,
                    started: Moment(worker.startedAt),
                    seen: texts.duration(from: worker.seenAt, to: now)
                )
            }
        return visit.page("workers", Model(rows: rows), title: texts("nav.workers"))
    }
}
