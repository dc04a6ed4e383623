import Hummingbird
import JSON

/// A language that pages are written in.
enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case korean = "ko"

    static let cookie = "stepwell-language"

    /// As the address says, or the browser's choice, or what the browser's user reads.
    init(_ request: Request, _ address: Address) {
        let chosen = address.query["language"] ?? Cookies.value(Self.cookie, of: request)
        if let chosen = chosen.flatMap(Language.init(rawValue:)) {
            self = chosen
        } else {
            let accepted = request.headers[.acceptLanguage]?.lowercased() ?? ""
            self = accepted.hasPrefix("ko") ? .korean : .english
        }
    }

    var other: Language { self == .english ? .korean : .english }
}

/// What pages say, in one language.
struct Texts: Sendable {
    let language: Language
    /// By group and name, as templates ask for them.
    let groups: [String: [String: String]]

    init(_ language: Language, json: [UInt8]) throws {
        self.language = language
        groups = (try JSONValue(parsing: json).object ?? [:])
            .reduce(into: [:]) { groups, group in
                groups[group.key] = (group.value.object ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value.string }
            }
    }

    /// - Parameter key: `group.name`
    private func text(_ key: String) -> String? {
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        return parts.count == 2 ? groups[parts[0]]?[parts[1]] : nil
    }

    /// The text of a key, with values put in place of `{name}`.
    func callAsFunction(_ key: String, _ values: [String: String] = [:]) -> String {
        guard var rest = text(key).map({ Substring($0) }) else { return key }
        // Once through the text: what a value says is never read as a place for another.
        var text = ""
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            text += rest[..<open]
            text += values[String(rest[rest.index(after: open)..<close])] ?? String(rest[open...close])
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }
}
