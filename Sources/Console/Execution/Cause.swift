import JSON

/// A cause as people read it: what a function has thrown comes as JSON, with its message in the middle of it.
enum Cause {
    /// - Parameter error: what is shown before it.
    static func text(_ cause: String, of error: String?) -> String {
        guard let members = (try? JSONValue(parsing: cause))?.object, let message = members["errorMessage"]?.string
        else {
            return cause
        }
        var lines = [message]
        for (name, value) in members where name != "errorMessage" {
            switch value {
            case .string(let text): if name != "errorType" || text != error { lines.append("\(name): \(text)") }
            case .array(let elements):
                if !elements.isEmpty { lines += ["\(name):"] + elements.map { "  " + ($0.string ?? $0.text) } }
            default: lines.append("\(name): \(value.text)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
