import Expressions
import Interpreter
import JSON
import Postgres

// A row of `history` holds the events of one transition as one JSON document:
//
//     {"p": [payload, …], "e": [event, …]}
//
// A payload is a string (its text, verbatim), {"ref": uuid} (a row of `payloads`), or null: the execution's input, which
// its own row has. Each distinct one occurs once.
// An event is [code, {details}, previous, later], without what is left out at its end, or code alone. `code` is a number
// that stands for the type. `previous` is the id of the event that led to it, or negative: -1 is the row's first event;
// left out or null, it is the event before this one. `later` is how many microseconds after the event before it; left out,
// none. In details a string and a number are themselves, [n] is payload n, and {name: [n]} are assigned variables;
// frequent names are single letters.
//
// What earlier versions wrote, and functions in SQL write still, is [type, previous, distance, {details}] with names in
// full: `previous` is never left out, and `distance` is from the row's `at`. `stepwell.plain_events` turns all into that.

/// Events, packed for one row.
struct PackedEvents: Sendable {
    var text: String
    var count: Int
    /// The time of the first event.
    var at: Timestamp
}

extension PackedEvents {
    init(_ events: [HistoryEvent], payloads: inout PayloadCollector) {
        let base = events.first?.timestamp ?? Timestamp(microseconds: 0)
        var before = base
        var packer = Packer(executionInput: events.first?.executionInput)
        for (position, event) in events.enumerated() {
            packer.append(event, at: position, after: before, payloads: &payloads)
            before = event.timestamp
        }
        text = packer.text
        count = events.count
        at = base
    }

    private struct Packer: ~Copyable {
        private var list = JSONTextBuilder()
        private var payloadList = JSONTextBuilder()
        /// The documents in the list of payloads, in order.
        private var documents: [JSONDocument] = []
        /// Their places by their texts; empty while there are few.
        private var places: [String: Int] = [:]
        /// So many are found faster by looking through all of them.
        private static let few = 16

        init(executionInput: JSONDocument?) {
            list.append(raw: #""e":["#)
            payloadList.append(raw: #"{"p":["#)
            guard let executionInput else { return }
            payloadList.append(raw: "null")
            documents.append(executionInput)
        }

        var text: String {
            consuming get {
                list.append(raw: "]}")
                payloadList.append(raw: "],")
                payloadList.append(list)
                return payloadList.text
            }
        }

        mutating func append(
            _ event: HistoryEvent,
            at place: Int,
            after before: Timestamp,
            payloads: inout PayloadCollector
        ) {
            if place > 0 { list.append(raw: ",") }
            let previous = event.previous.packed
            let isLed = place > 0 && previous == -place
            let later = event.timestamp.microseconds - before.microseconds
            let isBare = event.details.isEmpty && isLed && later == 0
            if !isBare { list.append(raw: "[") }
            list.append(EventCodes.number(of: event.type))
            if isBare { return }
            for (position, detail) in event.details.enumerated() {
                if position == 0 { list.append(raw: ",{") } else { list.append(raw: ",") }
                list.append(string: EventCodes.letter(for: detail.name) ?? detail.name)
                list.append(raw: ":")
                append(detail.value, payloads: &payloads)
            }
            if event.details.isEmpty { list.append(raw: ",{}") } else { list.append(raw: "}") }
            if !isLed || later != 0 {
                list.append(raw: ",")
                if isLed { list.append(raw: "null") } else { list.append(previous) }
            }
            if later != 0 {
                list.append(raw: ",")
                list.append(Int(later))
            }
            list.append(raw: "]")
        }

        private mutating func append(_ value: HistoryEvent.DetailValue, payloads: inout PayloadCollector) {
            switch value {
            case .string(let string): list.append(string: string)
            case .integer(let integer): list.append(integer)
            case .payload(let document): appendPlace(of: document, payloads: &payloads)
            case .variables(let variables):
                list.append(raw: "{")
                for (position, variable) in variables.enumerated() {
                    if position > 0 { list.append(raw: ",") }
                    list.append(string: variable.name)
                    list.append(raw: ":")
                    appendPlace(of: variable.value, payloads: &payloads)
                }
                list.append(raw: "}")
            }
        }

        private mutating func appendPlace(of document: JSONDocument, payloads: inout PayloadCollector) {
            list.append(raw: "[")
            list.append(place(of: document, payloads: &payloads))
            list.append(raw: "]")
        }

        private mutating func place(of document: JSONDocument, payloads: inout PayloadCollector) -> Int {
            if let place = known(document) { return place }
            if !documents.isEmpty { payloadList.append(raw: ",") }
            if document.byteCount > PayloadCollector.inlineLimit {
                payloadList.append(raw: #"{"ref":""#)
                payloadList.append(verbatim: payloads.reference(document).description)
                payloadList.append(raw: #""}"#)
            } else {
                payloadList.append(string: document.text)
            }
            documents.append(document)
            let place = documents.count - 1
            if place > Self.few {
                places[document.text] = place
            } else if place == Self.few {
                places = Dictionary(uniqueKeysWithValues: documents.enumerated().map { ($1.text, $0) })
            }
            return place
        }

        private func known(_ document: JSONDocument) -> Int? {
            guard places.isEmpty else { return places[document.text] }
            // Mostly it is the same object, and often the last one.
            return documents.lastIndex { $0 === document } ?? documents.firstIndex(of: document)
        }
    }
}

extension HistoryEvent {
    /// The input of the execution, when the event is the one that enters its first state: that gets nothing else.
    fileprivate var executionInput: JSONDocument? {
        guard previous == .recorded(0), type.isStateEntered,
            case .payload(let input)? = details.first(where: { $0.name == "input" })?.value
        else { return nil }
        return input
    }
}

extension EventReference {
    /// The number that stands for the reference in rows and calls: an id, or a negative place.
    var packed: Int {
        switch self {
        case .recorded(let id): id
        case .pending(let place): -1 - place
        }
    }
}

/// The events of one row of `history`, unpacked. Payloads that have rows of their own are still references.
struct UnpackedEvents {
    struct Event {
        var id: Int
        var previous: Int
        var type: EventType
        var timestamp: Timestamp
        var details: [(name: String, value: JSONValue)]
    }

    var events: [Event]
    var payloads: [JSONValue]

    init(text: String, firstEvent: Int, at: Timestamp) throws(StoreError) {
        func corrupt(_ what: String) -> StoreError {
            .corrupt("history row that begins at event \(firstEvent): \(what)")
        }
        let row: JSONValue
        do throws(JSONSyntaxError) {
            row = try JSONValue(parsing: text)
        } catch {
            throw corrupt("\(error)")
        }
        payloads = row["p"]?.array ?? []
        events = []
        var distance: Int64 = 0
        for (position, packed) in (row["e"]?.array ?? []).enumerated() {
            guard let event = PackedEvent(packed, at: position, after: distance) else {
                throw corrupt("event \(position) is malformed")
            }
            distance = event.distance
            events.append(
                Event(
                    id: firstEvent + position,
                    previous: Int(event.previous < 0 ? Int64(firstEvent) &- event.previous &- 1 : event.previous),
                    type: event.type,
                    timestamp: Timestamp(microseconds: at.microseconds &+ event.distance),
                    details: event.details
                )
            )
        }
    }

    /// The ids of payloads that have to be read before the events can be shown.
    var references: [PGUUID] {
        payloads.compactMap(Self.reference)
    }

    private static func reference(_ payload: JSONValue) -> PGUUID? {
        payload == .null ? executionInput : payload["ref"]?.string.flatMap(PGUUID.init)
    }

    /// What stands among references for the execution's input.
    static let executionInput = PGUUID(high: 0, low: 0)

    /// One event with its payloads in place.
    func historyEvent(_ event: Event, stored: [PGUUID: String]) throws(StoreError) -> HistoryEvent {
        var details: [HistoryEvent.Detail] = []
        for (name, value) in event.details {
            switch value {
            case .string(let string): details.append(.init(name, .string(string)))
            case .number(let number): details.append(.init(name, .integer(Int(number.integer ?? 0))))
            case .array: details.append(.init(name, .payload(try document(value, stored: stored))))
            case .object(let object):
                var variables: [HistoryEvent.AssignedVariable] = []
                for (name, place) in object {
                    variables.append(.init(name: name, value: try document(place, stored: stored)))
                }
                details.append(.init(name, .variables(variables)))
            case .null, .bool: throw .corrupt("event \(event.id): detail \(name) is malformed")
            }
        }
        return HistoryEvent(
            type: event.type,
            previous: .recorded(event.previous),
            timestamp: event.timestamp,
            details: details
        )
    }

    private func document(_ place: JSONValue, stored: [PGUUID: String]) throws(StoreError) -> JSONDocument {
        guard let index = place[0]?.number?.integer.flatMap(Int.init(exactly:)), payloads.indices.contains(index) else {
            throw .corrupt("an event names a payload that its row does not have")
        }
        if let text = payloads[index].string { return JSONDocument(trusted: text) }
        guard let id = Self.reference(payloads[index]), let text = stored[id] else {
            throw .corrupt("a payload of the history is missing")
        }
        return JSONDocument(trusted: text)
    }
}

/// An event as it stands in its row, in either form.
private struct PackedEvent {
    var type: EventType
    /// Negative: a place in the row.
    var previous: Int64
    /// From the row's `at`, in microseconds.
    var distance: Int64
    var details: [(name: String, value: JSONValue)] = []

    init?(_ packed: JSONValue, at position: Int, after before: Int64) {
        if let name = packed[0]?.string {
            guard let type = EventType(rawValue: name), let previous = packed[1]?.number?.integer,
                let distance = packed[2]?.number?.integer
            else { return nil }
            self.type = type
            self.previous = previous
            self.distance = distance
            details = (packed[3]?.object ?? [:]).map { ($0.key, $0.value) }
            return
        }
        guard let code = (packed.number ?? packed[0]?.number)?.exactly(Int.self),
            EventCodes.types.indices.contains(code)
        else { return nil }
        type = EventCodes.types[code]
        switch packed[2] {
        case nil, .null: previous = -Int64(position)
        case let written?:
            guard let number = written.number?.integer else { return nil }
            previous = number
        }
        let (distance, overflow) = before.addingReportingOverflow(packed[3]?.number?.integer ?? 0)
        guard !overflow else { return nil }
        self.distance = distance
        details = (packed[1]?.object ?? [:]).map { (EventCodes.name(for: $0.key), $0.value) }
    }
}
