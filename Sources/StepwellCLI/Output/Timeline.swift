import Expressions
import JSON
import StatesLanguage
import Store

/// Events as lines for people: id, time since the start, type, state, the gist of the details.
struct Timeline {
    private let startedAt: Timestamp
    /// The states that each event of the last page is in, from the outermost Parallel or Map inwards.
    private var states: [Int: [String]] = [:]
    private var isFirstPage = true

    init(startedAt: Timestamp) {
        self.startedAt = startedAt
    }

    mutating func show(_ page: [RecordedEvent]) {
        var table = isFirstPage ? Table("ID", "AFTER", "EVENT", "STATE", "DETAILS") : Table()
        isFirstPage = false
        for row in rows(for: page) { table.add(row) }
        table.show()
    }

    /// The cells of each event. Pages come one after the other, because events lean on those before them.
    mutating func rows(for page: [RecordedEvent]) -> [[Table.Cell]] {
        let events = page.map { TimelineEvent($0.json, id: $0.id) }
        states = statesByEvent(events)
        return events.map { event in
            [
                Table.Cell("\(event.id)"),
                Table.Cell(event.timestamp?.distance(since: startedAt) ?? ""),
                Table.Cell(event.type, event.tone),
                Table.Cell(states[event.id]?.last { !$0.isEmpty } ?? ""),
                Table.Cell(event.gist),
            ]
        }
    }

    /// Events between a state's entry and its exit don't name it: they have it from the event that led to them.
    private func statesByEvent(_ events: [TimelineEvent]) -> [Int: [String]] {
        var found: [Int: [String]] = [:]
        for event in events.sorted(by: { $0.id < $1.id }) where !event.isOutsideStates {
            var path = found[event.previous] ?? states[event.previous] ?? []
            switch event.nesting {
            case .stays: break
            // The first state inside takes the empty name's place.
            case .begins: path.append("")
            case .ends: _ = path.popLast()
            }
            if let name = event.stateName {
                _ = path.popLast()
                path.append(name)
            }
            found[event.id] = path
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

    enum Nesting { case stays, begins, ends }

    /// Whether what follows is inside, or no longer inside, a Parallel or Map.
    var nesting: Nesting {
        guard type.hasPrefix("ParallelState") || type.hasPrefix("MapState") else { return .stays }
        return switch type {
        case _ where type.hasSuffix("Started"): .begins
        case _ where type.hasSuffix("Entered") || type.hasSuffix("Exited"): .stays
        default: .ends
        }
    }

    var stateName: String? {
        if type == "EvaluationFailed" { return details["state"]?.string }
        return type.hasSuffix("Entered") || type.hasSuffix("Exited") ? details["name"]?.string : nil
    }

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
        return ["resource", "input", "output"].lazy.compactMap { details[$0]?.string }.first?.lineful ?? ""
    }
}

extension String {
    /// The beginning, as much as anyone reads in a table.
    fileprivate var lineful: String { count(upTo: 161) > 160 ? prefix(159) + "…" : self }

    private func count(upTo limit: Int) -> Int { prefix(limit).count }
}
