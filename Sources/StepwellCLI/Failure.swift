import Foundation
import StatesLanguage

/// What the exit status of `stepwell` says; the list stands in `stepwell --help`.
enum ExitStatus: Int32 {
    case success = 0
    /// The work was done and the answer is no: the definition is invalid, the execution did not succeed.
    case negative = 1
    /// The request was refused: no such execution, a name that is taken, input that is not JSON.
    case refused = 2
    /// The database, or a program this one needs, can't be used.
    case unavailable = 3
}

/// Why a command ends here, said so that the user can go on: what happened, where, and what to do.
struct Failure: Error {
    var status: ExitStatus
    var message: String
    /// A file, an execution, a database.
    var place: String?
    var remedy: String?

    init(_ status: ExitStatus, _ message: String, at place: String? = nil, remedy: String? = nil) {
        self.status = status
        self.message = message
        self.place = place
        self.remedy = remedy
    }

    /// Ends with a status and without a word, because everything has been said.
    static func silent(_ status: ExitStatus) -> Failure { Failure(status, "") }

    func report() {
        guard !message.isEmpty else { return }
        let style = Style.errors
        Console.note(style(.bad, "error:") + " " + Self.indented(message))
        if let place { Console.note("   at: " + Self.indented(place)) }
        if let remedy { Console.note("   do: " + Self.indented(remedy)) }
    }

    /// Lines of a longer message stay under its first; everything else that could move the cursor is spelled out.
    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { String($0).printable }.joined(separator: "\n       ")
    }
}
