import Expressions
import JSON
import Server
import Store

/// What went into a state and what came out of it, one of the times that it was entered.
struct StatePanel {
    struct Run {
        let address: String
        let text: String
        let tone: String
        let isHere: Bool
    }

    struct Attempt {
        let number: Int
        let started: Moment
        let took: String
        let tone: String
        let outcome: String
    }

    /// A text to look for in the values.
    struct Search {
        let term: String
        let found: ValueSearch?
        /// What the form keeps of the address.
        let kept: [Kept]
    }

    struct Kept {
        let name: String
        let value: String
    }

    let state: String
    let outcome: String
    let tone: String
    var entered: Moment?
    var took: String?
    var error: String?
    var cause: String?
    var search: Search?
    var blocks: [JSONBlock] = []
    var changes: ValueChanges?
    var attempts: [Attempt] = []
    var runs: [Run] = []
    var runCount = "0"
    var hasRuns = false
    var isReached = false

    /// So many of the times are offered to choose from, and as many attempts are shown.
    private static let mostRuns = 25
    private static let mostAttempts = 50

    static func load(
        _ page: ExecutionPage,
        _ report: ExecutionReport,
        state: String,
        span chosen: Span?
    ) async throws -> StatePanel {
        let texts = page.texts
        let all = report.spans.all.filter { $0.state == state }
        guard let span = chosen ?? all.last(where: { $0.outcome == .failed }) ?? all.last else {
            return StatePanel(state: state, outcome: texts("outcome.untouched"), tone: "untouched")
        }
        let end = span.endedAt ?? report.description.observedAt
        var panel = StatePanel(
            state: state,
            outcome: texts("outcome.\(span.outcome.rawValue)"),
            tone: span.outcome.tone,
            entered: Moment(span.enteredAt),
            took: texts.duration(from: span.enteredAt, to: end),
            error: span.error.map { EscapedHTML.beginning(of: $0, bytes: 1000) },
            attempts: span.attempts.prefix(mostAttempts).enumerated()
                .map { number, attempt in Attempt(number: number + 1, attempt, until: end, texts) },
            runs: all.suffix(mostRuns).reversed()
                .map { run in
                    Run(
                        address: "?span=\(run.id)",
                        text: run.iteration.map { "#\($0)" } ?? "\(run.id)",
                        tone: run.outcome.tone,
                        isHere: run.id == span.id
                    )
                },
            runCount: texts.count(all.count),
            hasRuns: all.count > 1,
            isReached: true
        )
        guard page.visit.may("GetExecutionHistory", on: page.owner) else { return panel }
        if let failure = span.failure {
            let cause = try await StateValues.event(failure, of: page)["cause"]?.string
            panel.cause = cause.map { EscapedHTML.beginning(of: Cause.text($0, of: panel.error), bytes: 6000) }
        }
        let values = try await StateValues.load(page, span)
        panel.blocks = values.blocks
        panel.search = search(page, in: values.named, keeping: [("span", "\(span.id)")])
        panel.changes = try await StepComparison(page, report, span: span)?
            .changes(values, execution: report.description.input.text)
        return panel
    }

    /// - Parameter kept: what leads back to where the form stands.
    static func search(
        _ page: ExecutionPage,
        in values: [(name: String, text: String)],
        keeping kept: [(String, String)]
    ) -> Search? {
        guard !values.isEmpty else { return nil }
        let term = page.visit.address.query.filled("find")
        return Search(
            term: term ?? "",
            found: ValueSearch(term, in: values),
            kept: kept.map { Kept(name: $0, value: $1) }
        )
    }
}

extension StatePanel.Attempt {
    fileprivate init(number: Int, _ attempt: Span.Attempt, until end: Timestamp, _ texts: Texts) {
        self.number = number
        started = Moment(attempt.start)
        took = texts.duration(from: attempt.start, to: attempt.end ?? end)
        let tone = attempt.hasFailed ? "failed" : attempt.end == nil ? "running" : "succeeded"
        self.tone = tone
        outcome = attempt.error.map { EscapedHTML.beginning(of: $0, bytes: 300) } ?? texts("outcome.\(tone)")
    }
}
