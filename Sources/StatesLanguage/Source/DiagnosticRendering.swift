extension Diagnostic {
    /// The diagnostic as a command line shows it:
    ///
    ///     orders.asl.json:14:21: error: Missing 'Next' target: Shipp [MISSING_TRANSITION_TARGET] (/States/Pack/Next)
    ///           "Next": "Shipp"
    ///           ^
    ///     hint: did you mean 'Ship'?
    ///
    /// - Parameters:
    ///   - source: the text that was read.
    ///   - file: its name.
    package func render(source: String, file: String) -> String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        var heading = "\(file)\(place): \(severity == .error ? "error" : "warning"): \(message) [\(code.rawValue)]"
        if !location.isEmpty { heading += " (\(location))" }
        var lines = [heading.printable]
        if let position { lines += SourceExcerpt(source, position).lines }
        if let hint { lines.append("hint: \(hint)".printable) }
        return lines.joined(separator: "\n")
    }
}

/// One line of the source with a caret under a column.
private struct SourceExcerpt {
    /// How many scalars of a line are shown before and after the column.
    private static let before = 60
    private static let after = 40
    private static let tab = "    "

    let lines: [String]

    init(_ source: String, _ position: SourcePosition) {
        let bytes = source.utf8
        guard let index = bytes.index(bytes.startIndex, offsetBy: position.offset, limitedBy: bytes.endIndex) else {
            lines = []
            return
        }
        let scalars = source.unicodeScalars
        var start = index
        var shownBefore = 0
        while start > scalars.startIndex, shownBefore < Self.before {
            let previous = scalars.index(before: start)
            if scalars[previous].isNewline { break }
            start = previous
            shownBefore += 1
        }
        var end = index
        var shownAfter = 0
        while end < scalars.endIndex, shownAfter < Self.after, !scalars[end].isNewline {
            end = scalars.index(after: end)
            shownAfter += 1
        }
        let isCutBefore = start > scalars.startIndex && !scalars[scalars.index(before: start)].isNewline
        let isCutAfter = end < scalars.endIndex && !scalars[end].isNewline

        let head = (isCutBefore ? "…" : "") + Self.visible(source[start..<index])
        let tail = Self.visible(source[index..<end]) + (isCutAfter ? "…" : "")
        let indent = String(repeating: " ", count: head.displayWidth)
        lines = [head + tail, indent + "^"]
    }

    private static func visible(_ text: Substring) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            result += scalar == "\t" ? tab : String(scalar).printable
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isNewline: Bool { self == "\n" || self == "\r" }
}
