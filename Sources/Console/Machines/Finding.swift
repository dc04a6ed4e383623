import StatesLanguage

/// Something that is wrong with a definition, or may be, as pages show it.
struct Finding {
    /// nil: it stands nowhere in particular.
    let line: Int?
    /// In the definition: `/States/Charge/Next`.
    let place: String
    let message: String
    let tone: String

    init(_ diagnostic: Diagnostic) {
        line = diagnostic.position?.line
        // They repeat what stands in the definition, however long that is.
        place = diagnostic.location.beginning(300)
        message = (diagnostic.message + (diagnostic.hint.map { " (\($0))" } ?? "")).beginning(600)
        tone = diagnostic.severity == .error ? "failed" : "timed-out"
    }

    /// As many as somebody reads.
    static func all(of definition: Definition) -> [Finding] {
        (definition.diagnostics + definition.obstacles).prefix(100).map(Finding.init)
    }
}

/// The text of a definition in lines, with what is wrong beside them.
struct DefinitionText {
    struct Line {
        let number: Int
        let text: String
        let findings: [Finding]
        let tone: String
    }

    private static let mostLines = 3000
    /// Of the page.
    private static let mostBytes = 120_000
    private static let longestLine = 1000

    let lines: [Line]
    let isCut: Bool
    /// What stands in no line that is shown.
    let others: [Finding]

    init(_ text: String, _ findings: [Finding]) {
        let byLine = Dictionary(grouping: findings) { $0.line ?? 0 }
        var lines: [Line] = []
        var bytes = 0
        var isCut = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = String(line).beginning(Self.longestLine)
            // A quotation mark is written in six bytes.
            bytes += 50 + text.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "\"") ? 6 : 1) }
            guard lines.count < Self.mostLines, bytes <= Self.mostBytes else {
                isCut = true
                break
            }
            let found = byLine[lines.count + 1] ?? []
            let tone = found.contains { $0.tone == "failed" } ? "failed" : found.first?.tone ?? ""
            lines.append(Line(number: lines.count + 1, text: text, findings: found, tone: tone))
        }
        self.lines = lines
        self.isCut = isCut
        let count = lines.count
        others = findings.filter { !(1...max(1, count)).contains($0.line ?? 0) }
    }
}

extension String {
    /// As much of it as somebody reads. Scalars are counted: a single character may have any number of accents.
    func beginning(_ scalars: Int) -> String {
        guard utf8.count > scalars,
            let end = unicodeScalars.index(startIndex, offsetBy: scalars, limitedBy: endIndex), end < endIndex
        else { return self }
        return String(unicodeScalars[..<end]) + "…"
    }
}
