import Foundation
import JSON

/// Where results (standard output) and everything else (standard error) go.
///
/// Data is escaped by whoever composes a line from it; see `printable`.
enum Console {
    /// Prints one line of the result.
    static func show(_ line: String = "", terminator: String = "\n") {
        write(line + terminator, to: .standardOutput)
    }

    /// Prints the result as JSON for other programs.
    static func show(_ value: JSONValue) {
        show(value.prettyText.escapedAsJSON)
    }

    /// Prints something that is not the result: what goes on, a warning, an error.
    static func note(_ line: String, terminator: String = "\n") {
        write(line + terminator, to: .standardError)
    }

    /// How many columns the result has on its way to a terminal; nil when it goes to a file or another program.
    static var width: Int? {
        isatty(STDOUT_FILENO) == 1 ? columns(of: STDOUT_FILENO) : nil
    }

    /// How many columns standard error has, where it is a terminal.
    static var errorWidth: Int { columns(of: STDERR_FILENO) }

    private static func columns(of terminal: Int32) -> Int {
        var size = winsize()
        guard ioctl(terminal, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// A reader that has gone away (`| head`) ends the program quietly, as it does others.
    private static func write(_ text: String, to file: FileHandle) {
        do {
            try file.write(contentsOf: Data(text.utf8))
        } catch {
            exit(ExitStatus.success.rawValue)
        }
    }
}
