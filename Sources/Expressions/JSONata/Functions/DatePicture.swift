/// A picture of a moment, after XPath's `format-dateTime`.
struct DatePicture {
    enum Part {
        case literal(String)
        case marker(Marker)
    }

    struct Marker {
        let component: Character
        var presentation: String
        /// `a`, `t`, `c` or `o` at the end of the presentation.
        var modifier: Character?
        var names: IntegerPicture.Case?
        var least: Int?
        var most: Int?
        var integer: IntegerPicture?
        /// The number of digits a year is cut to.
        var yearDigits: Int?
    }

    private(set) var parts: [Part] = []

    static let iso8601 = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"

    private static let presentations: [Character: String] = [
        "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1", "H": "1", "h": "1",
        "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01", "C": "n", "E": "n",
    ]

    init(_ picture: String) throws(JSONataError) {
        let text = Array(picture)
        var place = 0
        var literal: [Character] = []
        while place < text.count {
            if text[place] == "[", place + 1 < text.count, text[place + 1] == "[" {
                literal.append("[")
                place += 2
            } else if text[place] == "]", place + 1 < text.count, text[place + 1] == "]" {
                literal.append("]")
                place += 2
            } else if text[place] == "[" {
                guard let end = text[place...].firstIndex(of: "]") else {
                    throw JSONataError(
                        code: "D3135",
                        reason: "No matching closing bracket ']' in date/time picture string",
                        token: picture
                    )
                }
                if !literal.isEmpty { parts.append(.literal(String(literal))) }
                literal = []
                let marker = try Self.marker(text[place + 1..<end].filter { !$0.isWhitespace })
                let isNumber = marker.integer != nil && marker.component != "Z" && marker.component != "z"
                if isNumber, case .marker(var previous)? = parts.last, previous.names == nil,
                    let digits = previous.integer?.mandatoryDigits
                {
                    previous.integer?.parseWidth = digits
                    parts[parts.count - 1] = .marker(previous)
                }
                parts.append(.marker(marker))
                place = end + 1
            } else {
                literal.append(text[place])
                place += 1
            }
        }
        if !literal.isEmpty { parts.append(.literal(String(literal))) }
    }

    static func unknown(_ component: String) -> JSONataError {
        JSONataError(
            code: "D3132",
            reason: "Unknown component specifier \(Value.string(component).quoted) in date/time picture string"
        )
    }

    static func nameless(_ component: some CustomStringConvertible) -> JSONataError {
        JSONataError(
            code: "D3133",
            reason: "The 'name' modifier can only be applied to months and days in the date/time picture string, not"
                + " \(Value.string(component.description).quoted)"
        )
    }

    private static func marker(_ text: [Character]) throws(JSONataError) -> Marker {
        let component = text.first ?? " "
        let comma = text.lastIndex(of: ",") ?? text.count
        var presentation = String(text[min(1, text.count)..<max(comma, min(1, text.count))])
        var marker = Marker(component: component, presentation: "")
        if comma < text.count {
            let widths = text[(comma + 1)...].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            marker.least = widths.first.flatMap { Int(String($0)) }.map { min(max($0, 0), 100) }
            marker.most = widths.count > 1 ? Int(String(widths[1])).map { min(max($0, 0), 100) } : nil
        }
        if presentation.isEmpty {
            guard let standard = presentations[component] else {
                throw Self.unknown("\(component)")
            }
            presentation = standard
        } else if presentation.count > 1, let last = presentation.last, "atco".contains(last) {
            marker.modifier = last
            presentation.removeLast()
        }
        marker.presentation = presentation
        if presentation.hasPrefix("n") {
            marker.names = .lower
        } else if presentation.hasPrefix("N") {
            marker.names = presentation.dropFirst().first == "n" ? .title : .upper
        } else if "YMDdFWwXxHhmsf".contains(component) {
            try readInteger(&marker)
        }
        if component == "Z" || component == "z" { marker.integer = try IntegerPicture(presentation) }
        return marker
    }

    private static func readInteger(_ marker: inout Marker) throws(JSONataError) {
        var integer = try IntegerPicture(marker.presentation + (marker.modifier.map { ";\($0)" } ?? ""))
        if let least = marker.least { integer.mandatoryDigits = max(integer.mandatoryDigits, least) }
        if "YMD".contains(marker.component) {
            if let most = marker.most {
                marker.yearDigits = most
                integer.mandatoryDigits = most
            } else {
                let width = integer.mandatoryDigits + integer.optionalDigits
                if width >= 2 { marker.yearDigits = width }
            }
        }
        marker.integer = integer
    }

    // MARK: Writing

    func format(_ fields: DateFields) throws(JSONataError) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .literal(let text): result += text
            case .marker(let marker): result += try Self.format(fields, marker)
            }
        }
        return result
    }

    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    private static func format(_ fields: DateFields, _ marker: Marker) throws(JSONataError) -> String {
        switch marker.component {
        case "Z", "z": return try formatZone(fields, marker)
        case "C", "E": return "ISO"
        case "P":
            let text = fields.number("P") == 1 ? "pm" : "am"
            return marker.names == .upper ? text.uppercased() : text
        default: break
        }
        guard var value = fields.number(marker.component) else {
            throw unknown("\(marker.component)")
        }
        if let names = marker.names {
            let list: [String]
            switch marker.component {
            case "M", "x": list = months
            case "F": list = days
            default:
                throw nameless(marker.component)
            }
            let name = Int(exactly: value - 1).flatMap { list.indices.contains($0) ? list[$0] : nil } ?? ""
            let cased = names == .upper ? name.uppercased() : names == .lower ? name.lowercased() : name
            return marker.most.map { String(cased.prefix($0)) } ?? cased
        }
        if marker.component == "Y", let digits = marker.yearDigits, digits < 18 {
            value %= (0..<digits).reduce(1) { power, _ in power * 10 }
        }
        return try marker.integer?.format(Double(value)) ?? ""
    }

    private static func formatZone(_ fields: DateFields, _ marker: Marker) throws(JSONataError) -> String {
        guard let integer = marker.integer else { return "" }
        if fields.offset == 0, marker.modifier == "t" { return "Z" }
        let hours = Double(fields.offset.magnitude / 60)
        let minutes = Double(fields.offset.magnitude % 60)
        var text: String
        if integer.regularDistance > 0 {
            text = try integer.format(hours * 100 + minutes)
        } else {
            switch integer.mandatoryDigits {
            case 1, 2:
                text = try integer.format(hours)
                if minutes > 0 { text += ":" + (minutes < 10 ? "0" : "") + FormattedNumber.text(minutes) }
            case 3, 4: text = try integer.format(hours * 100 + minutes)
            default:
                throw JSONataError(
                    code: "D3134",
                    reason: "The timezone integer format specifier cannot have more than four digits"
                )
            }
        }
        text = (fields.offset < 0 ? "-" : "+") + text
        return marker.component == "z" ? "GMT" + text : text
    }
}
