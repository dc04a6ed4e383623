import Expressions
import Interpreter
import Store

/// What the pages of one execution show of it.
struct ExecutionReport: Sendable {
    /// As many events are read for pictures: with more, the first and the last of them.
    private static let mostEvents = 6000

    let description: ExecutionDescription
    let spans: Spans
    /// How many events between the first and the last ones were left out.
    let missing: Int
    let lastEvent: Int

    static func load(_ execution: String, from store: Store) async throws -> ExecutionReport {
        let description = try await store.describe(execution)
        let progress = try await store.progress(of: execution)
        var events: [OutlinedEvent]
        var missing = 0
        if progress.lastEvent <= mostEvents {
            events = try await store.historyOutline(execution, limit: mostEvents)
        } else {
            events = try await store.historyOutline(execution, limit: mostEvents / 2)
            let last = try await store.historyOutline(execution, limit: mostEvents / 2, fromEnd: true)
            let known = events.last?.id ?? 0
            missing = max(0, (last.first?.id ?? known) - known - 1)
            events += last.filter { $0.id > known }
        }
        return ExecutionReport(
            description: description,
            spans: Spans(events),
            missing: missing,
            lastEvent: progress.lastEvent
        )
    }

    /// What became of a state, over all the times that it was entered.
    struct StateReport: Sendable {
        var runs = 0
        var running = 0
        var succeeded = 0
        var caught = 0
        var failed = 0
        var aborted = 0
        var retries = 0
        /// Of a Map that was entered once.
        var items: Int?
        var last = Span.Outcome.running

        /// The class that gives it its colour: what is worst, as long as it is not over.
        var tone: String {
            if running > 0 { return failed > 0 ? "failed" : "running" }
            if failed > 0 { return last == .succeeded ? "succeeded" : "failed" }
            if aborted > 0, succeeded == 0 { return "aborted" }
            return caught > 0 && last == .caught ? "caught" : "succeeded"
        }
    }

    var states: [String: StateReport] {
        var reports: [String: StateReport] = [:]
        for span in spans.all {
            var report = reports[span.state] ?? StateReport()
            report.runs += 1
            report.retries += span.retries
            report.items = report.runs == 1 ? span.itemCount : nil
            report.last = span.outcome
            switch span.outcome {
            case .running: report.running += 1
            case .succeeded: report.succeeded += 1
            case .caught: report.caught += 1
            case .failed: report.failed += 1
            case .aborted: report.aborted += 1
            }
            reports[span.state] = report
        }
        return reports
    }

    /// The state to look at first: where it failed, where it is, where it was last.
    var interesting: Span? {
        let all = spans.all
        return all.last { $0.outcome == .failed && !hasChildren($0, .failed) }
            ?? all.last { $0.outcome == .running && !hasChildren($0, .running) } ?? all.last
    }

    private func hasChildren(_ span: Span, _ outcome: Span.Outcome) -> Bool {
        spans.all.contains { child in
            child.outcome == outcome && child.parent.map { spans.all[$0].id == span.id } ?? false
        }
    }
}
