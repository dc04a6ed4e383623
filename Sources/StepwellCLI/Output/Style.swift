import Foundation

/// Colours for people who look at a terminal and have not said that they want none.
struct Style {
    enum Tone: String {
        case good = "32"
        case bad = "31"
        case attention = "33"
        case strong = "1"
        case faint = "2"
    }

    private let isOn: Bool

    static let output = Style(descriptor: STDOUT_FILENO)
    static let errors = Style(descriptor: STDERR_FILENO)

    private init(descriptor: Int32) {
        let environment = ProcessInfo.processInfo.environment
        let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isOn = isatty(descriptor) == 1 && !refused && environment["TERM"] != "dumb"
    }

    func callAsFunction(_ tone: Tone, _ text: String) -> String {
        isOn ? "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m" : text
    }
}
