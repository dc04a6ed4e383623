/// Reads moments by a picture.
struct DateParser {
    private let picture: DatePicture

    init(_ picture: DatePicture) { self.picture = picture }

    /// Milliseconds since 1970; nil when the text does not match the picture.
    ///
    /// - Parameter now: Gives what the picture leaves out above its first component.
    func parse(_ text: String, now: DateFields) throws(JSONataError) -> Int64? {
        var pattern = "^"
        var markers: [DatePicture.Marker] = []
        for part in picture.parts {
            switch part {
            case .literal(let literal): pattern += RegexText.escaped(literal)
            case .marker(let marker):
                pattern += "(" + (try Self.pattern(marker)) + ")"
                markers.append(marker)
            }
        }
        let regex = try Regex(pattern + "$", flags: "i", at: 0)
        let bytes = Array(text.utf8)
        let match: Regex.Match?
        do throws(Regex.Failure) {
            match = try regex.firstMatch(in: bytes, from: 0, limit: Regex.largestLimit)
        } catch {
            throw .bound("reading a date takes more than its share of steps or memory")
        }
        guard let match else { return nil }
        var components: [Character: Int64] = [:]
        for (marker, range) in zip(markers, match.groups) {
            guard let range else { continue }
            let part = String(decoding: bytes[range], as: UTF8.self)
            guard let value = try Self.value(part, marker) else { continue }
            guard let number = Int64(exactly: value), number.magnitude < 1_000_000_000 else { return nil }
            components[marker.component] = number
        }
        return components.isEmpty ? nil : try Self.moment(components, now: now)
    }

    private static func pattern(_ marker: DatePicture.Marker) throws(JSONataError) -> String {
        switch marker.component {
        case "Z", "z": return "(?:GMT)?(?:[-+][0-9]+(?::?[0-9]+)?|Z)"
        case "C", "E": return "[a-zA-Z]+"
        default: break
        }
        if marker.names != nil {
            guard "MxFP".contains(marker.component) else {
                throw DatePicture.nameless(marker.component)
            }
            return "[a-zA-Z]+"
        }
        guard let integer = marker.integer else { return "[a-zA-Z]+" }
        if case .sequence = integer.style {
            throw JSONataError(
                code: "D3130",
                reason: "Formatting or parsing an integer as a sequence starting with"
                    + " \(Value.string(marker.presentation).quoted) is not supported by this implementation"
            )
        }
        // Groups of its own would be taken for components.
        return integer.pattern
    }

    private static func value(_ text: String, _ marker: DatePicture.Marker) throws(JSONataError) -> Double? {
        switch marker.component {
        case "Z", "z": return Double(zone(text))
        case "C", "E": return nil
        case "P": return text.lowercased() == "pm" ? 1 : text.lowercased() == "am" ? 0 : nil
        default: break
        }
        guard marker.names != nil else { return try marker.integer?.parse(text) }
        let names = marker.component == "F" ? DatePicture.days : DatePicture.months
        let place = names.firstIndex { name in
            (marker.most.map { String(name.prefix($0)) } ?? name).lowercased() == text.lowercased()
        }
        return place.map { Double($0 + 1) }
    }

    /// The distance from UTC in minutes that a text says: `+01:00`, `GMT-5`, `Z`.
    static func zone(_ text: String) -> Int64 {
        let digits = text.filter { $0.isASCII && $0.isNumber }
        var hours = String(digits.prefix(2))
        var minutes = String(digits.dropFirst(2).prefix(2))
        if let colon = text.firstIndex(of: ":") {
            hours = String(text[..<colon].filter { $0.isASCII && $0.isNumber }.prefix(2))
            minutes = String(text[colon...].filter { $0.isASCII && $0.isNumber }.prefix(2))
        }
        let distance = (Int64(hours) ?? 0) * 60 + (Int64(minutes) ?? 0)
        return text.contains("-") ? -distance : distance
    }

    // MARK: Completing

    /// What components of one way to write a date or a time are.
    private static func isMade(_ components: [Character: Int64], of part: String, among all: String) -> Bool {
        let given = all.filter { components[$0] != nil }
        return !given.isEmpty && given.allSatisfy(part.contains)
    }

    private static func moment(_ given: [Character: Int64], now: DateFields) throws(JSONataError) -> Int64 {
        let dates = "YXMxWwdD"
        let isByDay = !isMade(given, of: "YMD", among: dates) && isMade(given, of: "Yd", among: dates)
        let isByWeek =
            !isByDay && (isMade(given, of: "Xxw", among: dates) || isMade(given, of: "XW", among: dates))
            && !isMade(given, of: "YMD", among: dates)
        let isHalfDay = !isMade(given, of: "Hmsf", among: "PHhmsf") && isMade(given, of: "Phmsf", among: "PHhmsf")
        guard !isByWeek else { throw underspecified() }
        var components = given
        var hasStarted = false
        var hasEnded = false
        for part in (isByDay ? "Yd" : "YMD") + (isHalfDay ? "Phmsf" : "Hmsf") {
            if components[part] != nil {
                hasStarted = true
                if hasEnded { throw underspecified() }
            } else if hasStarted {
                components[part] = "MDd".contains(part) ? 1 : 0
                hasEnded = true
            } else {
                components[part] = now.number(part)
            }
        }
        func component(_ name: Character) -> Int64 { components[name] ?? 0 }
        let month = isByDay ? 0 : max(component("M"), 1) - 1
        let day = isByDay ? component("d") : component("D")
        var hour = component("H")
        if isHalfDay { hour = (component("h") == 12 ? 0 : component("h")) + (component("P") == 1 ? 12 : 0) }
        // Two digits are a year of the twentieth century, as with JavaScript's dates.
        let year = (0...99).contains(component("Y")) ? component("Y") + 1_900 : component("Y")
        // No component has more than nine digits, so with a year in the range of dates nothing here overflows.
        guard year <= 275_760 else { throw outOfRange() }
        let days = CivilDate(year: year + month / 12, month: month % 12 + 1, day: 1).daysSinceEpoch + day - 1
        let minutes = hour * 60 + component("m") - component("Z") - component("z")
        let moment = days * 86_400_000 + minutes * 60_000 + component("s") * 1_000 + component("f")
        guard moment.magnitude <= 8_640_000_000_000_000 else { throw outOfRange() }
        return moment
    }

    private static func outOfRange() -> JSONataError {
        JSONataError(code: "D3110", reason: "the moment is out of the range of dates", token: "toMillis")
    }

    private static func underspecified() -> JSONataError {
        JSONataError(
            code: "D3136",
            reason: "The date/time picture string is missing specifiers required to parse the timestamp"
        )
    }
}
