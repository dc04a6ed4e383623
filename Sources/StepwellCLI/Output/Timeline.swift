import Expressions
import JSON
import StatesLanguage
import Store

/// Events as lines for people: id, time since the start, type, state, the gist of the details.
struct Timeline {
    private let startedAt: Timestamp
    /// The state that each event of the last page belongs to.
    private var states: [Int: String] = [:]
    private var isFirstPage = true

    init(startedAt: Timestamp) {
        self.startedAt = startedAt
    }

    mutating func show(_ page: [RecordedEvent]) {
        let events = page.map { TimelineEvent($0.json, id: $0.id) }
        states = statesByEvent(events)
        var table = isFirstPage ? Table("ID", "AFTER", "EVENT", "STATE", "DETAILS") : Table()
        isFirstPage = false
        for event in events {
            table.add(
                Table.Cell("\(event.id)"),
                Table.Cell(event.timestamp?.distance(since: startedAt) ?? ""),
                Table.Cell(event.type, event.tone),
                Table.Cell(states[event.id] ?? ""),
                Table.Cell(event.gist)
            )
        }
        table.show()
    }

    /// Events between a state's entry and its exit don't name it: they have it from the event before them.
    private func statesByEvent(_ events: [TimelineEvent]) -> [Int: String] {
        var found: [Int: String] = [:]
        for event in events.sorted(by: { $0.id < $1.id }) {
            guard !event.isOutsideStates else { continue }
            found[event.id] = event.stateName ?? found[event.previous] ?? states[event.previous]
        }
        return found
    }
}

/// What a line shows of one event.
private struct TimelineEvent {
    let id: Int
    let previous: Int
    let type: String
    let timestamp: Timestamp?
    private let details: JSONValue

    init(_ event: JSONValue, id: Int) {
        self.id = id
        previous = event["previousEventId"]?.number?.integer.flatMap(Int.init(exactly:)) ?? 0
        type = event["type"]?.string ?? ""
        timestamp = event["timestamp"]?.string.flatMap { Timestamp($0) }
        details = event.object?.first { $0.key.hasSuffix("EventDetails") }?.value ?? .null
    }

    var isOutsideStates: Bool { type.hasPrefix("Execution") }

    var stateName: String? { type.hasSuffix("Entered") || type.hasSuffix("Exited") ? details["name"]?.string : nil }

    var tone: Style.Tone? {
        switch type {
        case "ExecutionSucceeded": .good
        case _ where type.hasSuffix("Failed") || type.hasSuffix("TimedOut") || type.hasSuffix("Aborted"): .bad
        default: nil
        }
    }

    /// The error if there is one, else what was called, else what went in or came out; a line's worth of it.
    var gist: String {
        let error = [details["error"]?.string, details["cause"]?.string].compactMap(\.self).joined(separator: ": ")
        guard error.isEmpty else { return error.lineful }
        let values = ["resource", "input", "parameters", "output"].compactMap { details[$0]?.string }
        return values.joined(separator: " ").lineful
    }
}

extension String {
    /// The beginning, as much as anyone reads in a table.
    fileprivate var lineful: String { count(upTo: 161) > 160 ? prefix(159) + "…" : self }

    private func count(upTo limit: Int) -> Int { prefix(limit).count }
}
