import Expressions

/// A moment as HTTP writes it: `Tue, 15 Nov 1994 08:12:31 GMT`.
struct HTTPDate: CustomStringConvertible {
    let timestamp: Timestamp

    private static let months = [
        "Jan": "01", "Feb": "02", "Mar": "03", "Apr": "04", "May": "05", "Jun": "06",
        "Jul": "07", "Aug": "08", "Sep": "09", "Oct": "10", "Nov": "11", "Dec": "12",
    ]

    init?(_ text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 6, parts[5] == "GMT", let month = Self.months[parts[2]],
            let timestamp = Timestamp("\(parts[3])-\(month)-\(parts[1])T\(parts[4])Z")
        else { return nil }
        self.timestamp = timestamp
    }

    /// RFC 3339, without decimals when there are none.
    var description: String { timestamp.description.replacing(".000Z", with: "Z") }
}
