import JSON
import Postgres

/// Where a payload is kept: inline in the row that names it, or as a row of `payloads` under its digest.
struct PayloadColumn: Sendable {
    var inline: String?
    var id: PGUUID?

    static let none = PayloadColumn(inline: nil, id: nil)
}

/// Decides which payloads of one execution stay inline, and collects those that get a row of their own, each once.
struct PayloadCollector: Sendable {
    /// A larger payload gets its own row.
    static let inlineLimit = 1024
    /// The most inline bytes in one row of `steps`, so that it is never moved out of line.
    static let rowLimit = 1536

    /// The rows to insert, in the order in which they were met.
    private(set) var rows: [(id: PGUUID, text: String)] = []
    private var ids: [ObjectIdentifier: PGUUID] = [:]
    private var collected: Set<PGUUID> = []

    /// - Parameter room: how many inline bytes are left in the row; reduced by what is taken.
    mutating func column(_ document: JSONDocument?, room: inout Int) -> PayloadColumn {
        guard let document else { return .none }
        let size = document.byteCount
        if size <= Self.inlineLimit, size <= room {
            room -= size
            return PayloadColumn(inline: document.text, id: nil)
        }
        return PayloadColumn(inline: nil, id: reference(document))
    }

    mutating func column(_ document: JSONDocument?) -> PayloadColumn {
        var room = Self.inlineLimit
        return column(document, room: &room)
    }

    /// The id of a payload that is to have its own row.
    mutating func reference(_ document: JSONDocument) -> PGUUID {
        // The same document object occurs in several events and columns; it is hashed once.
        if let id = ids[ObjectIdentifier(document)] { return id }
        let id = Digest.payloadID(document.text)
        ids[ObjectIdentifier(document)] = id
        if collected.insert(id).inserted { rows.append((id, document.text)) }
        return id
    }
}
