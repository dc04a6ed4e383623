import Expressions
import JSON
import StatesLanguage
import Store

/// Events as lines for people: id, time since the start, how long what ends here took, type, state, the gist of the
/// details.
struct Timeline {
    /// What an event stands in: a state, and what is going on there.
    private struct Frame {
        var name = ""
        /// When the Parallel, Map or iteration around it began.
        var beganAt: Timestamp?
        var enteredAt: Timestamp?
        var scheduledAt: Timestamp?
    }

    private var startedAt: Timestamp
    /// What each event of the last page stands in, from the outermost Parallel or Map inwards.
    private var frames: [Int: [Frame]] = [:]
    private var isFirstPage = true
    /// How wide the columns have become: later pages line up with earlier ones.
    private var widths: [Int]

    /// - Parameter isLive: whether events are shown as they come, a few at a time.
    init(startedAt: Timestamp, isLive: Bool = false) {
        self.startedAt = startedAt
        widths = isLive ? [3, 8, 8, 23, 12] : []
    }

    mutating func show(_ page: [RecordedEvent]) {
        var table = isFirstPage ? Table("ID", "AFTER", "TOOK", "EVENT", "STATE", "DETAILS") : Table()
        isFirstPage = false
        for row in rows(for: page) { table.add(row) }
        table.minimumWidths = widths
        table.show()
        widths = table.widths
    }

    /// The cells of each event. Pages come one after the other, because events lean on those before them.
    mutating func rows(for page: [RecordedEvent]) -> [[Table.Cell]] {
        let events = page.map { TimelineEvent($0.json, id: $0.id) }
        let durations = place(events)
        return events.map { event in
            [
                Table.Cell("\(event.id)"),
                Table.Cell(event.timestamp?.distance(since: startedAt) ?? ""),
                Table.Cell(durations[event.id] ?? ""),
                Table.Cell(event.type, event.tone),
                Table.Cell(frames[event.id]?.last { !$0.name.isEmpty }?.name ?? ""),
                Table.Cell(event.gist),
            ]
        }
    }

    /// Events between a state's entry and its exit don't name it: they have it from the event that led to them.
    ///
    /// - Returns: how long what ends with an event took.
    private mutating func place(_ events: [TimelineEvent]) -> [Int: String] {
        var placed: [Int: [Frame]] = [:]
        var durations: [Int: String] = [:]
        for event in events.sorted(by: { $0.id < $1.id }) {
            if event.isOutsideStates {
                if event.endsExecution { durations[event.id] = event.timestamp?.distance(since: startedAt) }
                continue
            }
            var path = placed[event.previous] ?? frames[event.previous] ?? []
            let since = Self.apply(event, to: &path)
            if let since { durations[event.id] = event.timestamp?.distance(since: since) }
            placed[event.id] = path
        }
        frames = placed
        return durations
    }

    /// - Returns: when what ends with the event began.
    private static func apply(_ event: TimelineEvent, to path: inout [Frame]) -> Timestamp? {
        var since: Timestamp?
        switch event.nesting {
        case .stays: break
        // The first state inside takes the empty name's place.
        case .begins: path.append(Frame(beganAt: event.timestamp))
        case .ends: since = path.popLast()?.beganAt
        }
        if let name = event.stateName {
            var frame = path.popLast() ?? Frame()
            if event.enters {
                frame = Frame(name: name, beganAt: frame.beganAt, enteredAt: event.timestamp)
            } else {
                if event.exits { since = frame.enteredAt }
                frame.name = name
            }
            path.append(frame)
        } else if var frame = path.popLast() {
            if event.schedules { frame.scheduledAt = event.timestamp }
            if event.endsWork { since = frame.scheduledAt }
            path.append(frame)
        }
        return since
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
    var endsExecution: Bool { isOutsideStates && !type.hasSuffix("Started") && !type.hasSuffix("Redriven") }
    var enters: Bool { type.hasSuffix("Entered") }
    var exits: Bool { type.hasSuffix("Exited") }
    var schedules: Bool { type.hasSuffix("Scheduled") }

    /// Whether work that was scheduled is over.
    var endsWork: Bool {
        guard ["Task", "LambdaFunction", "Activity"].contains(where: type.hasPrefix) else { return false }
        return ["Succeeded", "Failed", "TimedOut"].contains(where: type.hasSuffix)
    }

    enum Nesting { case stays, begins, ends }

    /// Whether what follows is inside, or no longer inside, a Parallel or Map.
    var nesting: Nesting {
        guard type.hasPrefix("ParallelState") || type.hasPrefix("MapState") else { return .stays }
        return switch type {
        case _ where type.hasSuffix("Started"): .begins
        case _ where type.hasSuffix("Entered") || type.hasSuffix("Exited") || type.hasSuffix("Aborted"): .stays
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
