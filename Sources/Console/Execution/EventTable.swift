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
    let next: String?
    let first: String?
    let last: String?
    let mayNotSee: Bool

    private static let pageSize = 50
    /// As much of an event's details as a page shows.
    private static let mostDetails = 1500

    static func load(_ page: ExecutionPage, lastEvent: Int) async throws -> EventTable {
        guard page.visit.may("GetExecutionHistory", on: page.owner) else {
            return EventTable(rows: [], next: nil, first: nil, last: nil, mayNotSee: true)
        }
        let after = max(0, page.visit.address.query["after"].flatMap { Int($0) } ?? 0)
        let events = try await page.store.history(page.arn, after: after, limit: pageSize)
        let started = try await page.store.describe(page.arn).summary.startedAt
        func place(_ after: Int) -> String { page.address([], [("view", "events"), ("after", "\(after)")]) }
        let isMore = (events.last?.id ?? lastEvent) < lastEvent
        return EventTable(
            rows: events.map { row($0, started: started, page.texts) },
            next: isMore ? events.last.map { place($0.id) } : nil,
            first: after > 0 ? place(0) : nil,
            last: isMore ? place(max(0, lastEvent - pageSize)) : nil,
            mayNotSee: false
        )
    }

    private static func row(_ event: RecordedEvent, started: Timestamp, _ texts: Texts) -> Row {
        let type = event.json["type"]?.string ?? ""
        let at = event.json["timestamp"]?.string.flatMap { Timestamp($0) } ?? started
        let details = event.details
        let text = details.isEmpty ? nil : JSONValue.object(details).prettyText
        let gist = ["error", "name", "resource"].lazy.compactMap { details[$0]?.string }.first
        return Row(
            id: event.id,
            previous: event.json["previousEventId"]?.number.map { "\($0)" } ?? "",
            type: type,
            tone: tone(type),
            state: details["name"]?.string,
            at: Moment(at),
            after: texts.duration(from: started, to: at),
            gist: gist.map { String($0.prefix(160)) },
            details: text.map { String($0.prefix(mostDetails)) },
            isCut: (text?.utf8.count ?? 0) > mostDetails
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
