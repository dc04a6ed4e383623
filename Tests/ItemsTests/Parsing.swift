import Items
import JSON

/// The items of a document, fed in pieces of so many bytes, as lines of text: `value`, or `key=value`.
func items(_ text: String, _ parser: some ItemParser, pieces: Int = .max) throws -> [String] {
    try items(Array(text.utf8), parser, pieces: pieces)
}

func items(_ bytes: [UInt8], _ parser: some ItemParser, pieces: Int = .max) throws -> [String] {
    var parser = parser
    var items: [ParsedItem] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = rest.prefix(pieces)
        rest = rest.dropFirst(piece.count)
        try parser.feed(piece, into: &items)
    }
    try parser.finish(into: &items)
    return items.map { ($0.key.map { "\($0)=" } ?? "") + $0.value.text }
}
