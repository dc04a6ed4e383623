import Expressions
import Interpreter
import JSON
import Postgres

// A row of `history` holds the events of one transition as one JSON document:
//
//     {"p": [payload, …], "e": [[type, previous, distance, {details}], …]}
//
// A payload is a string (its text, verbatim) or {"ref": uuid} (a row of `payloads`); each distinct one occurs once.
// `previous` is an event id, or negative: -1 is the row's first event. `distance` is in microseconds from the row's
// `at`. In details a string and a number are themselves, [n] is payload n, and {name: [n]} are assigned variables.

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
        var packer = Packer()
        packer.bytes.append(contentsOf: #""e":["#.utf8)
        for (position, event) in events.enumerated() {
            if position > 0 { packer.bytes.append(UInt8(ascii: ",")) }
            packer.append(event, base: base, payloads: &payloads)
        }
        packer.bytes.append(contentsOf: "]}".utf8)
        text = String(decoding: packer.payloadList + packer.bytes, as: UTF8.self)
        count = events.count
        at = base
    }

    private struct Packer {
        var bytes: [UInt8] = []
        private var packed: [UInt8] = []
        private var places: [String: Int] = [:]
        private var objects: [ObjectIdentifier: Int] = [:]

        init() { bytes.reserveCapacity(512) }

        var payloadList: [UInt8] { Array(#"{"p":["#.utf8) + packed + Array("],".utf8) }

        mutating func append(_ event: HistoryEvent, base: Timestamp, payloads: inout PayloadCollector) {
            bytes.append(UInt8(ascii: "["))
            JSONValue.writeString(event.type.rawValue, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            append(event.previous.packed)
            bytes.append(UInt8(ascii: ","))
            append(Int(event.timestamp.microseconds - base.microseconds))
            if !event.details.isEmpty {
                bytes.append(UInt8(ascii: ","))
                for (position, detail) in event.details.enumerated() {
                    bytes.append(UInt8(ascii: position == 0 ? "{" : ","))
                    JSONValue.writeString(detail.name, to: &bytes)
                    bytes.append(UInt8(ascii: ":"))
                    append(detail.value, payloads: &payloads)
                }
                bytes.append(UInt8(ascii: "}"))
            }
            bytes.append(UInt8(ascii: "]"))
        }

        private mutating func append(_ value: HistoryEvent.DetailValue, payloads: inout PayloadCollector) {
            switch value {
            case .string(let string): JSONValue.writeString(string, to: &bytes)
            case .integer(let integer): append(integer)
            case .payload(let document): appendPlace(of: document, payloads: &payloads)
            case .variables(let variables):
                bytes.append(UInt8(ascii: "{"))
                for (position, variable) in variables.enumerated() {
                    if position > 0 { bytes.append(UInt8(ascii: ",")) }
                    JSONValue.writeString(variable.name, to: &bytes)
                    bytes.append(UInt8(ascii: ":"))
                    appendPlace(of: variable.value, payloads: &payloads)
                }
                bytes.append(UInt8(ascii: "}"))
            }
        }

        private mutating func appendPlace(of document: JSONDocument, payloads: inout PayloadCollector) {
            bytes.append(UInt8(ascii: "["))
            append(place(of: document, payloads: &payloads))
            bytes.append(UInt8(ascii: "]"))
        }

        private mutating func place(of document: JSONDocument, payloads: inout PayloadCollector) -> Int {
            if let place = objects[ObjectIdentifier(document)] { return place }
            let text = document.text
            let place = places[text] ?? places.count
            if place == places.count {
                places[text] = place
                if place > 0 { packed.append(UInt8(ascii: ",")) }
                if text.utf8.count > PayloadCollector.inlineLimit {
                    packed.append(contentsOf: #"{"ref":""#.utf8)
                    packed.append(contentsOf: payloads.reference(document).description.utf8)
                    packed.append(contentsOf: #""}"#.utf8)
                } else {
                    JSONValue.writeString(text, to: &packed)
                }
            }
            objects[ObjectIdentifier(document)] = place
            return place
        }

        private mutating func append(_ integer: Int) { bytes.append(contentsOf: String(integer).utf8) }
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
        for (position, packed) in (row["e"]?.array ?? []).enumerated() {
            guard let type = packed[0]?.string.flatMap(EventType.init(rawValue:)),
                let previous = packed[1]?.number?.integer, let distance = packed[2]?.number?.integer
            else { throw corrupt("event \(position) is malformed") }
            events.append(
                Event(
                    id: firstEvent + position,
                    previous: Int(previous < 0 ? Int64(firstEvent) - previous - 1 : previous),
                    type: type,
                    timestamp: Timestamp(microseconds: at.microseconds &+ distance),
                    details: (packed[3]?.object ?? [:]).map { ($0.key, $0.value) }
                )
            )
        }
    }

    /// The ids of payloads that have to be read before the events can be shown.
    var references: [PGUUID] {
        payloads.compactMap { $0["ref"]?.string.flatMap(PGUUID.init) }
    }

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
        guard let id = payloads[index]["ref"]?.string.flatMap(PGUUID.init), let text = stored[id] else {
            throw .corrupt("a payload of the history is missing")
        }
        return JSONDocument(trusted: text)
    }
}
