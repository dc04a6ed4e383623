/// The schema that holds what statements call `stepwell`, when an installation has another name for it.
///
/// Programs and migrations are written for one name. In a database that has the schema under another one, every place
/// where their text names it is written anew before it is sent.
package struct SchemaName: Sendable, Hashable, CustomStringConvertible {
    /// The name that statements are written with.
    package static let written = SchemaName(unchecked: "stepwell")

    package let description: String

    /// Takes a plain name, which may be a word of SQL.
    ///
    /// - Throws: `.configuration` for a name with other characters than small letters, digits and underscores, for one
    ///   that is longer than 40 bytes, and for those that PostgreSQL keeps for itself.
    package init(_ name: String) throws(PostgresError) {
        let reserved = name.hasPrefix("pg_") || ["public", "information_schema"].contains(name)
        guard name.isPlainIdentifier, name.utf8.count <= 40, !reserved else {
            throw PostgresError(
                .configuration,
                "\"\(name)\" can't be the schema: small letters, digits and _, not a digit first, at most 40, not public"
                    + " and not pg_…"
            )
        }
        description = name
    }

    private init(unchecked name: String) { description = name }

    /// The text with this name wherever it names the schema: before a dot, after SCHEMA, and alone between quotes.
    package func replacing(in sql: String) -> String {
        guard self != .written else { return sql }
        let text = Array(sql.utf8)
        let name = Array(Self.written.description.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 256)
        var index = 0
        while index < text.count {
            let end = index + name.count
            if text[index] == name[0], end <= text.count, text[index..<end].elementsEqual(name),
                let replacement = replacement(from: index, to: end, of: text)
            {
                result += replacement.utf8
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What to write in a place where the text has the name; nil if it isn't the schema that is meant.
    private func replacement(from start: Int, to end: Int, of text: [UInt8]) -> String? {
        let before = start > 0 ? text[start - 1] : UInt8(ascii: " ")
        let after = end < text.count ? text[end] : UInt8(ascii: " ")
        guard !before.isInIdentifier, before != UInt8(ascii: "."), !after.isInIdentifier else { return nil }
        if before == after, before == UInt8(ascii: "'") || before == UInt8(ascii: "\"") { return description }
        if after == UInt8(ascii: ".") { return "\"\(description)\"" }
        let word = text[..<start].reversed().drop { $0.isSpace }.prefix(6)
        return before.isSpace && word.map { $0 | 0x20 } == Array("amehcs".utf8) ? "\"\(description)\"" : nil
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\n") }

    fileprivate var isInIdentifier: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }
}

extension String {
    /// Whether SQL takes it without quotes, unless it is a word of SQL: `[a-z_][a-z0-9_]*`.
    fileprivate var isPlainIdentifier: Bool {
        guard let first = utf8.first, !(48...57 ~= first) else { return false }
        return utf8.allSatisfy { 97...122 ~= $0 || 48...57 ~= $0 || $0 == UInt8(ascii: "_") }
    }
}
