package import Expressions
package import JSON

/// One event of an execution's history, not yet numbered.
package struct HistoryEvent: Sendable, Equatable {
    package var type: EventType
    /// The event that led to this one (`previousEventId`).
    package var previous: EventReference
    package var timestamp: Timestamp
    /// The members of the type's details object, in the order in which AWS lists them; empty: no such object.
    package var details: [Detail]

    package init(type: EventType, previous: EventReference, timestamp: Timestamp, details: [Detail] = []) {
        self.type = type
        self.previous = previous
        self.timestamp = timestamp
        self.details = details
    }

    /// A member of a details object.
    package struct Detail: Sendable, Equatable {
        package var name: String
        package var value: DetailValue

        package init(_ name: String, _ value: DetailValue) {
            self.name = name
            self.value = value
        }

        /// The size of the payload, if it is one.
        var payloadBytes: Int { if case .payload(let document) = value { document.byteCount } else { 0 } }
    }

    package enum DetailValue: Sendable, Equatable {
        case string(String)
        case integer(Int)
        /// A payload. Readers see its text as a string, and beside it `…Details: {"truncated": false}` (for
        /// `parameters` of a Task: no such member).
        case payload(JSONDocument)
        /// `assignedVariables`: names with the JSON text of their values.
        case variables([AssignedVariable])
    }

    package struct AssignedVariable: Sendable, Equatable {
        package var name: String
        package var value: JSONDocument

        package init(name: String, value: JSONDocument) {
            self.name = name
            self.value = value
        }
    }
}

/// Which event another one refers to, before and after numbers are given.
package enum EventReference: Sendable, Hashable {
    /// A number in the history; 0 = none.
    case recorded(Int)
    /// A place among the events that the branch has not recorded yet, counted from 0.
    case pending(Int)

    /// The reference once the events it may point into have got their numbers, beginning with `first`.
    package func recorded(from first: Int) -> EventReference {
        switch self {
        case .recorded: self
        case .pending(let place): .recorded(first + place)
        }
    }
}
