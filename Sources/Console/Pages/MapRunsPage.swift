import Expressions
import Hummingbird
import Postgres
import Server
import Store

/// The runs of distributed Maps, newest first.
enum MapRunsPage {
    struct Row {
        let address: String
        let label: String
        let status: String
        let tone: String
        let execution: String
        let executionAddress: String
        let machine: String
        let started: Moment
        let took: String
        let progress: ProgressBar

        init(_ run: MapRunDescription, _ counts: MapRunCounts, now: Timestamp, _ texts: Texts) {
            let names = Settings.executionNames(run.executionARN) ?? (machine: "", execution: "")
            let owner = ExecutionRow.owner(of: names.machine)
            address = Address.of(["map-runs", owner, run.record.label, run.id.description])
            label = run.record.label
            status = texts("mapRun.\(run.record.status.rawValue)")
            tone = run.record.status.tone
            execution = names.execution
            executionAddress = ExecutionRow.address(machine: names.machine, name: names.execution)
            machine = names.machine
            started = Moment(run.record.startedAt)
            took = texts.duration(from: run.record.startedAt, to: run.record.stoppedAt ?? now)
            progress = ProgressBar(counts, total: run.record.itemTotal ?? counts.started, texts)
        }
    }

    private struct Choice {
        let value: String
        let text: String
        let isChosen: Bool
    }

    private struct Model {
        let rows: [Row]
        let machine: String
        let statuses: [Choice]
        let next: String?
    }

    private static let pageSize = 50

    static func answer(_ visit: Visit) async throws -> Response {
        let (query, texts, store) = (visit.address.query, visit.texts, visit.store)
        let machine = query.filled("machine")
        try visit.require("ListMapRuns", on: machine)
        let status = query["status"].flatMap(MapRunStatus.init(rawValue:))
        let page = try await store.mapRuns(
            status: status,
            ofStateMachine: machine,
            after: query.filled("after").flatMap(MapRunCursor.init),
            limit: pageSize
        )
        let counts = try await store.mapRunItemCounts(page.elements.map(\.id))
        let now = try await store.databaseTime()
        let model = Model(
            rows: page.elements.map { Row($0, counts[$0.id] ?? MapRunCounts(), now: now, texts) },
            machine: machine ?? "",
            statuses: MapRunStatus.allCases.map {
                Choice(value: $0.rawValue, text: texts("mapRun.\($0.rawValue)"), isChosen: $0 == status)
            },
            next: page.next.map { visit.address(with: ["after": "\($0)"]) }
        )
        return visit.page("mapRuns", model, title: texts("nav.mapRuns"))
    }
}

/// How far something is, drawn.
struct ProgressBar {
    struct Part {
        let tone: String
        let x: Int
        let width: Int
        let title: String
    }

    let text: String
    let parts: [Part]

    private static let scale = 1000

    init(_ counts: MapRunCounts, total: Int, _ texts: Texts) {
        let all = max(1, total, counts.started)
        var (x, parts) = (0, [Part]())
        for (count, tone, name) in [
            (counts.succeeded, "succeeded", "SUCCEEDED"), (counts.failed, "failed", "FAILED"),
            (counts.timedOut, "caught", "TIMED_OUT"), (counts.aborted, "aborted", "ABORTED"),
            (counts.pendingRedrive, "pending", "PENDING_REDRIVE"), (counts.running, "running", "RUNNING"),
        ] where count > 0 {
            // What is there is seen, however little of all it is.
            let width = min(Self.scale - x, max(4, Int(Double(count) / Double(all) * Double(Self.scale))))
            let title = "\(texts("status.\(name)")): \(texts.count(count))"
            if width > 0 { parts.append(Part(tone: tone, x: x, width: width, title: title)) }
            x += width
        }
        self.parts = parts
        text = "\(texts.count(counts.ended)) / \(texts.count(total))"
    }
}

extension MapRunStatus {
    /// The class that gives it its colour.
    var tone: String {
        switch self {
        case .running: "running"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .aborted: "aborted"
        }
    }
}
