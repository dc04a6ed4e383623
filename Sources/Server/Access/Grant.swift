package import JSON

/// What an access key may do: some actions on the state machines whose names begin in some way.
package struct Grant: Sendable, Hashable {
    /// Names of operations; a `*` at the end stands for any rest.
    package let actions: [String]
    /// What the machine's name begins with; empty: all of them.
    package let prefix: String

    package init(actions: [String], prefix: String) {
        self.actions = actions
        self.prefix = prefix
    }

    /// `StartExecution,Describe*@Order`: what stands on a command line.
    ///
    /// - Returns: nil for a text that grants nothing.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let actions = parts[0].split(separator: ",").map { $0.trimmingSpaces }
        let isWellFormed = actions.allSatisfy { action in
            !action.isEmpty && action.dropLast().allSatisfy(\.isLetter)
                && (action.last?.isLetter == true || action.last == "*")
        }
        guard !actions.isEmpty, isWellFormed else { return nil }
        self.init(actions: actions, prefix: parts.count == 2 ? String(parts[1]) : "")
    }

    /// - Parameter machine: the machine that it is about; nil: all of them.
    func allows(_ action: String, on machine: String?) -> Bool {
        guard actions.contains(where: { Self.matches($0, action) }) else { return false }
        guard let machine else { return prefix.isEmpty }
        return machine.hasPrefix(prefix)
    }

    func allows(_ action: String) -> Bool { actions.contains { Self.matches($0, action) } }

    private static func matches(_ pattern: String, _ action: String) -> Bool {
        pattern.hasSuffix("*") ? action.hasPrefix(pattern.dropLast()) : action == pattern
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String { split(separator: " ").joined(separator: " ") }
}

extension Grant {
    package var json: JSONValue {
        ["actions": .array(actions.map(JSONValue.string)), "prefix": .string(prefix)]
    }

    package init?(_ json: JSONValue) {
        guard let actions = json["actions"]?.array?.compactMap(\.string), let prefix = json["prefix"]?.string else {
            return nil
        }
        self.init(actions: actions, prefix: prefix)
    }
}

extension Grant {
    /// The grant as it is written on a command line.
    package var text: String { actions.joined(separator: ",") + (prefix.isEmpty ? "" : "@\(prefix)") }
}
