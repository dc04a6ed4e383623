import Foundation
import JSON

/// Recorded cases that can't pass, by the end of their id, with what AWS does and what we do instead: the file
/// `Exceptions.json` beside this one.
struct ConformanceExceptions {
    private let entries: JSONObject

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Exceptions.json")
        entries = try JSONValue(parsing: String(contentsOf: file, encoding: .utf8)).object ?? [:]
    }

    /// Whether a case is known not to pass.
    func contains(_ id: String) -> Bool { entries.keys.contains { id.hasSuffix("::" + $0) } }
}
