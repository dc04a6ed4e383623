package import JSON

/// One item of a Map as it stands in a document.
package struct ParsedItem: Sendable, Equatable {
    /// The key, where the items are the members of an object.
    package var key: String?
    package var value: JSONDocument

    package init(key: String? = nil, value: JSONDocument) {
        self.key = key
        self.value = value
    }
}

/// Why a document has no items: a sentence for the cause of `States.ItemReaderFailed`.
package struct ItemError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Cuts a document into items as its bytes come in. It keeps no more than one item's bytes.
package protocol ItemParser: Sendable {
    /// Takes bytes, and adds the items that they complete.
    mutating func feed(_ bytes: some Collection<UInt8>, into items: inout [ParsedItem]) throws(ItemError)

    /// The document has ended.
    mutating func finish(into items: inout [ParsedItem]) throws(ItemError)

    /// Whether nothing that follows can be an item.
    var isDone: Bool { get }
}

extension ItemParser {
    package var isDone: Bool { false }
}
