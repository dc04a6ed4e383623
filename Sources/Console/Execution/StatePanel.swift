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

    let state: String
    let outcome: String
    let tone: String
    let entered: Moment?
    let took: String?
    let error: String?
    let cause: String?
    let blocks: [JSONBlock]
    let attempts: [Attempt]
    let runs: [Run]
    let runCount: String
    let hasRuns: Bool
    let isReached: Bool

    /// So many of the times are offered to choose from.
    private static let mostRuns = 25

    static func load(
        _ page: ExecutionPage,
        _ report: ExecutionReport,
        state: String,
        span chosen: Span?
    ) async throws -> StatePanel {
        let texts = page.texts
        let all = report.spans.all.filter { $0.state == state }
        guard let span = chosen ?? all.last(where: { $0.outcome == .failed }) ?? all.last else {
            return StatePanel(
                state: state,
                outcome: texts("outcome.untouched"),
                tone: "untouched",
                entered: nil,
                took: nil,
                error: nil,
                cause: nil,
                blocks: [],
                attempts: [],
                runs: [],
                runCount: "0",
                hasRuns: false,
                isReached: false
            )
        }
        let end = span.endedAt ?? report.description.observedAt
        let maySee = page.visit.may("GetExecutionHistory", on: page.owner)
        return StatePanel(
            state: state,
            outcome: texts("outcome.\(span.outcome.rawValue)"),
            tone: span.outcome.tone,
            entered: Moment(span.enteredAt),
            took: texts.duration(from: span.enteredAt, to: end),
            error: span.error,
            cause: maySee ? try await cause(page, span) : nil,
            blocks: maySee ? try await blocks(page, span) : [],
            attempts: span.attempts.prefix(50).enumerated()
                .map { number, attempt in
                    Attempt(
                        number: number + 1,
                        started: Moment(attempt.start),
                        took: texts.duration(from: attempt.start, to: attempt.end ?? end),
                        tone: attempt.hasFailed ? "failed" : attempt.end == nil ? "running" : "succeeded",
                        outcome: attempt.error
                            ?? texts(
                                "outcome.\(attempt.hasFailed ? "failed" : attempt.end == nil ? "running" : "succeeded")"
                            )
                    )
                },
            runs: all.suffix(mostRuns).reversed()
                .map { run in
                    Run(
                        address: page.address([], [("span", "\(run.id)")]),
                        text: run.iteration.map { "#\($0)" } ?? "\(run.id)",
                        tone: run.outcome.tone,
                        isHere: run.id == span.id
                    )
                },
            runCount: texts.count(all.count),
            hasRuns: all.count > 1,
            isReached: true
        )
    }

    /// What the last failure said.
    private static func cause(_ page: ExecutionPage, _ span: Span) async throws -> String? {
        guard let event = span.failure else { return nil }
        let found = try await page.store.history(page.arn, after: event - 1, limit: 1).first
        return found?.details["cause"]?.string.map { String($0.prefix(4000)) }
    }

    private static func blocks(_ page: ExecutionPage, _ span: Span) async throws -> [JSONBlock] {
        var blocks: [JSONBlock] = []
        func add(_ name: String, event: Int, of member: String) async throws {
            let found = try await page.store.history(page.arn, after: event - 1, limit: 1).first
            guard let found, found.id == event, let text = found.details[member]?.string else { return }
            let whole = page.address(["value"], [("event", "\(event)"), ("of", member)])
            blocks.append(JSONBlock(page.texts(name), text, whole: whole))
        }
        try await add("execution.input", event: span.id, of: "input")
        if let exit = span.exitEvent {
            try await add("execution.output", event: exit, of: "output")
            let found = try await page.store.history(page.arn, after: exit - 1, limit: 1).first
            if let variables = found?.details["assignedVariables"]?.object, !variables.isEmpty {
                let values = variables.reduce(into: JSONObject()) { object, variable in
                    let value = variable.value.string.flatMap { try? JSONValue(parsing: $0) }
                    object[variable.key] = value ?? variable.value
                }
                let whole = page.address([], [("view", "events"), ("after", "\(exit - 1)")])
                blocks.append(JSONBlock(page.texts("execution.variables"), JSONValue.object(values).text, whole: whole))
            }
        }
        return blocks
    }
}

extension RecordedEvent {
    /// The members of the event's details.
    var details: JSONObject { json.object?.first { $0.key.hasSuffix("EventDetails") }?.value.object ?? [:] }
}
