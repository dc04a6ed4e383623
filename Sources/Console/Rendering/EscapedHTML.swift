import Mustache

/// Writes text where a page has text, or the value of an attribute.
///
/// Scalar by scalar: the library's own goes by characters, and a quotation mark with an accent on it is a character of its
/// own, which ends an attribute all the same.
struct EscapedHTML: MustacheContentType {
    static let name = "ESCAPED"

    func escapeText(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): bytes.append(contentsOf: "&#39;".utf8)
            case UInt8(ascii: "`"): bytes.append(contentsOf: "&#96;".utf8)
            // HTML has no such character at all.
            case 0: bytes.append(contentsOf: "\u{FFFD}".utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As much of a text as takes so many bytes when it is written.
    static func prefix(of text: String, bytes room: Int) -> (text: String, isCut: Bool) {
        // Most texts fit whatever they consist of.
        if text.utf8.count <= room / 6 { return (text, false) }
        var room = room
        var end = text.unicodeScalars.startIndex
        for scalar in text.unicodeScalars {
            room -= size(scalar)
            if room < 0 { return (String(text.unicodeScalars[..<end]), true) }
            end = text.unicodeScalars.index(after: end)
        }
        return (text, false)
    }

    /// The beginning of a text, with a mark where there is more.
    static func beginning(of text: String, bytes room: Int) -> String {
        let (text, isCut) = prefix(of: text, bytes: room)
        return isCut ? text + "…" : text
    }

    private static func size(_ scalar: Unicode.Scalar) -> Int {
        switch scalar {
        case "<", ">": 4
        case "&", "'", "`": 5
        case "\"": 6
        case "\u{0}": 3
        default: scalar.utf8.count
        }
    }
}
