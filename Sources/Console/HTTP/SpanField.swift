/// How long something lasts, as it stands in a field: `90s`, `10m`, `12h` or `7d`.
enum SpanField {
    private static let units: [(name: Character, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]

    static func seconds(_ text: String) -> Int64? {
        guard let unit = units.first(where: { $0.name == text.last }), let number = Int64(text.dropLast()),
            (0...100_000_000).contains(number)
        else { return nil }
        return number * unit.seconds
    }

    static func text(_ seconds: Int64) -> String {
        let unit = units.first { seconds > 0 && seconds.isMultiple(of: $0.seconds) }
        return unit.map { "\(seconds / $0.seconds)\($0.name)" } ?? "\(seconds)s"
    }
}
