import Expressions
import JSON
import Server
import Store

/// The events of an execution as AWS shows them, a page at a time.
struct EventTable {
    struct Row {
        let id: Int
        let previous: String
        let type: String
        let tone: String
        let state: String?
        let at: Moment
        let after: String
        let gist: String?
        let details: String?
        let isCut: Bool
    }

    let rows: [Row]
    let previous: String?
    let next: String?
    let first: String?
    let last: String?
    /// The number of the last event.
    let count: String
    let mayNotSee: Bool

    private static let pageSize = 60
    /// As much of an event's details as a page shows, in bytes.
    private static let mostDetails = 1800

    static func load(_ page: ExecutionPage, _ report: ExecutionReport) async throws -> EventTable {
        let (lastEvent, started) = (report.lastEvent, report.description.summary.startedAt)
        let count = page.texts.count(lastEvent)
        guard page.visit.may("GetExecutionHistory", on: page.owner) else {
            return EventTable(
                rows: [],
                previous: nil,
                next: nil,
                first: nil,
                last: nil,
                count: count,
                mayNotSee: true
            )
        }
        let query = page.visit.address.query
        // Somebody who names an event wants to see it.
        let wanted = query.filled("event").flatMap { Int($0) }.map { $0 - 1 } ?? query["after"].flatMap { Int($0) }
        let after = min(max(0, wanted ?? 0), max(0, lastEvent - 1))
        let events = try await page.store.history(page.arn, after: after, limit: pageSize)
        func place(_ after: Int) -> String { "?view=events&after=\(max(0, after))" }
        let isMore = (events.last?.id ?? lastEvent) < lastEvent
        return EventTable(
            rows: events.map { row($0, started: started, page.texts) },
            previous: after > 0 ? place(after - pageSize) : nil,
            next: isMore ? events.last.map { place($0.id) } : nil,
            first: after > 0 ? place(0) : nil,
            last: isMore ? place(lastEvent - pageSize) : nil,
            count: count,
            mayNotSee: false
        )
    }

    private static func row(_ event: RecordedEvent, started: Timestamp, _ texts: Texts) -> Row {
        let type = event.json["type"]?.string ?? ""
        let at = event.json["timestamp"]?.string.flatMap { Timestamp($0) } ?? started
        let details = event.details
        let text = details.isEmpty ? nil : JSONValue.object(details).prettyText
        let shown = text.map { EscapedHTML.prefix(of: $0, bytes: mostDetails) }
        let gist = ["error", "name", "resource"].lazy.compactMap { details[$0]?.string }.first
        return Row(
            id: event.id,
            previous: event.json["previousEventId"]?.number.map { "\($0)" } ?? "",
            type: type,
            tone: tone(type),
            state: details["name"]?.string,
            at: Moment(at),
            after: texts.duration(from: started, to: at),
            gist: gist.map { EscapedHTML.beginning(of: $0, bytes: 300) },
            details: shown?.text,
            isCut: shown?.isCut ?? false
        )
    }

    private static func tone(_ type: String) -> String {
        switch type {
        case _ where type.hasSuffix("Failed"): "failed"
        case _ where type.hasSuffix("TimedOut"): "timed-out"
        case _ where type.hasSuffix("Aborted"): "aborted"
        case _ where type.hasSuffix("Succeeded"): "succeeded"
        case _ where type.hasSuffix("Scheduled") || type.hasSuffix("Started") || type.hasSuffix("Submitted"): "running"
        default: "plain"
        }
    }
}
