import JSON

/// Where a text stands in values, also in what is too long to be shown.
struct ValueSearch {
    struct Hit {
        /// Which of the values.
        let name: String
        let path: String
        let text: String
    }

    /// As many are looked for.
    private static let most = 50
    /// Of a place, and of what stands there, in bytes of HTML.
    private static let mostText = 300

    let term: String
    private(set) var hits: [Hit] = []
    private(set) var isCut = false
    private(set) var isVain = true
    private let needle: String

    /// - Parameter values: JSON texts with what they are called.
    init?(_ term: String?, in values: [(name: String, text: String)]) {
        guard let term else { return nil }
        self.term = String(term.prefix(200))
        needle = self.term.lowercased()
        for value in values {
            guard let json = try? JSONValue(parsing: value.text) else { continue }
            search(json, of: value.name, at: [])
        }
    }

    /// The parser bounds how deep this goes.
    private mutating func search(_ value: JSONValue, of name: String, at path: [String]) {
        guard !isCut else { return }
        switch value {
        case .object(let object):
            for (key, member) in object {
                let place = path + [key]
                // What stands under a name that was looked for is what is wanted.
                if matches(key) { add(name, place, member) } else { search(member, of: name, at: place) }
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() { search(element, of: name, at: path + ["\(index)"]) }
        case .string(let text): if matches(text) { add(name, path, value) }
        case .number(let number): if matches(number.text) { add(name, path, value) }
        case .bool(let flag): if matches(flag ? "true" : "false") { add(name, path, value) }
        case .null: if matches("null") { add(name, path, value) }
        }
    }

    private func matches(_ text: String) -> Bool { text.lowercased().contains(needle) }

    private mutating func add(_ name: String, _ path: [String], _ value: JSONValue) {
        guard hits.count < Self.most else {
            isCut = true
            return
        }
        isVain = false
        func cut(_ text: String) -> String { EscapedHTML.beginning(of: text, bytes: Self.mostText) }
        hits.append(
            Hit(
                name: name,
                path: path.isEmpty ? "/" : cut(JSONDifference.pointer(path)),
                text: cut(value.text)
            )
        )
    }
}
