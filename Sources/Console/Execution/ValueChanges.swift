import JSON

/// What tells two values apart, place by place: how a page shows it.
struct ValueChanges {
    struct Row {
        let path: String
        let sign: String
        let tone: String
        let before: String?
        let after: String?
    }

    /// Something to compare with.
    struct Choice {
        let value: String
        let text: String
        let isChosen: Bool
    }

    private static let mostRows = 40
    /// As much of a value as a row shows, in bytes of HTML.
    private static let mostText = 200
    /// Larger values are not compared.
    private static let mostCompared = 1 << 20

    let rows: [Row]
    let isCut: Bool
    let areEqual: Bool
    let areTooLarge: Bool
    let from: String
    let to: String
    let choices: [Choice]
    /// The event that entered the state: for the form.
    let span: Int

    /// - Parameters:
    ///   - old: JSON texts with what they are called.
    ///   - choices: what else there is to compare with.
    init(
        from old: (name: String, text: String),
        to new: (name: String, text: String),
        choices: [Choice],
        span: Int
    ) {
        (from, to, self.choices, self.span) = (old.name, new.name, choices, span)
        areTooLarge = max(old.text.utf8.count, new.text.utf8.count) > Self.mostCompared
        guard !areTooLarge, let before = try? JSONValue(parsing: old.text),
            let after = try? JSONValue(parsing: new.text)
        else {
            (rows, isCut, areEqual) = ([], false, false)
            return
        }
        let difference = JSONDifference(from: before, to: after, most: Self.mostRows)
        rows = difference.changes.map(Row.init)
        isCut = difference.isCut
        areEqual = difference.changes.isEmpty
    }

    fileprivate static func text(_ value: JSONValue) -> String {
        EscapedHTML.beginning(of: value.text, bytes: mostText)
    }
}

extension ValueChanges.Row {
    fileprivate init(path: [String], change: JSONDifference.Change) {
        self.path = path.isEmpty ? "/" : EscapedHTML.beginning(of: JSONDifference.pointer(path), bytes: 300)
        switch change {
        case .added(let value): (sign, tone, before, after) = ("+", "added", nil, ValueChanges.text(value))
        case .removed(let value): (sign, tone, before, after) = ("−", "removed", ValueChanges.text(value), nil)
        case .changed(let old, let new):
            (sign, tone, before, after) = ("±", "changed", ValueChanges.text(old), ValueChanges.text(new))
        }
    }
}
