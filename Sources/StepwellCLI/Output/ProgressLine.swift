import Foundation
import StatesLanguage

/// One line on standard error that says how far something has come: only for people at a terminal.
struct ProgressLine {
    private let isShown = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    private var shownAt: ContinuousClock.Instant?

    /// Draws the line anew, ten times a second at most.
    ///
    /// - Parameter fraction: how much is done, 0 to 1; nil: nobody knows of how much.
    mutating func show(_ fraction: Double?, _ text: String) {
        let now = ContinuousClock.now
        if let shownAt, shownAt.duration(to: now) < .milliseconds(100) { return }
        guard isShown else { return }
        shownAt = now
        Console.note("\r" + Self.line(fraction, text, width: Console.errorWidth - 1) + "\u{1B}[K", terminator: "")
    }

    /// Makes room for another line.
    mutating func clear() {
        guard isShown, shownAt != nil else { return }
        shownAt = nil
        Console.note("\r\u{1B}[K", terminator: "")
    }

    /// `[#######             ] 35 %  3,500 started`
    static func line(_ fraction: Double?, _ text: String, width: Int) -> String {
        guard let fraction = fraction.map({ min(max($0, 0), 1) }) else { return text.cut(toWidth: width) }
        let done = Int(fraction * 20)
        let bar = String(repeating: "#", count: done) + String(repeating: " ", count: 20 - done)
        return "[\(bar)] \(Int(fraction * 100)) %  \(text)".cut(toWidth: width)
    }
}
