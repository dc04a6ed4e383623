import Expressions
import Interpreter
import Store

/// What the pages of one execution show of it.
struct ExecutionReport: Sendable {
    /// A longer history is too much for pictures: they show the first and the last of its events.
    static let mostEvents = 120_000
    private static let eachEnd = 3000

    let description: ExecutionDescription
    let spans: Spans
    /// How many events between the first and the last ones were left out.
    let missing: Int
    let lastEvent: Int

    /// - Parameter readsHistory: whether it is shown what the execution went through.
    static func load(
        _ execution: String,
        from store: Store,
        _ cache: ReportCache,
        readsHistory: Bool = true
    ) async throws -> ExecutionReport {
        let description = try await store.describe(execution)
        let progress = try await store.progress(of: execution)
        guard readsHistory else {
            return ExecutionReport(
                description: description,
                spans: Spans(),
                missing: 0,
                lastEvent: progress.lastEvent
            )
        }
        let isTooLong = progress.lastEvent > mostEvents
        let (spans, missing) =
            isTooLong
            ? try await ends(of: execution, from: store)
            : (
                try await cache.spans(
                    of: execution,
                    startedAt: description.summary.startedAt,
                    upTo: progress.lastEvent,
                    from: store
                ), 0
            )
        return ExecutionReport(
            description: description,
            spans: spans,
            missing: missing,
            lastEvent: max(progress.lastEvent, spans.lastEvent)
        )
    }

    private static func ends(of execution: String, from store: Store) async throws -> (spans: Spans, missing: Int) {
        let first = try await store.historyOutline(execution, limit: eachEnd)
        let last = try await store.historyOutline(execution, limit: eachEnd, fromEnd: true)
        let known = first.last?.id ?? 0
        let missing = max(0, (last.first?.id ?? known) - known - 1)
        return (Spans(first + last.filter { $0.id > known }), missing)
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
    var interesting: Span? { innermost(.failed) ?? innermost(.running) ?? spans.all.last }

    /// The last one with an outcome, and with none inside of it that has the same.
    private func innermost(_ outcome: Span.Outcome) -> Span? {
        var around: Set<Int> = []
        for index in spans.all.indices.reversed() where spans.all[index].outcome == outcome {
            if !around.contains(index) { return spans.all[index] }
            if let parent = spans.all[index].parent { around.insert(parent) }
        }
        return nil
    }
}
