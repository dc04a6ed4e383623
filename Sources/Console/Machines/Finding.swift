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
        place = diagnostic.location
        message = diagnostic.message + (diagnostic.hint.map { " (\($0))" } ?? "")
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
    private static let mostBytes = 100_000

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
            bytes += min(line.utf8.count, 4000) + 40
            guard lines.count < Self.mostLines, bytes <= Self.mostBytes else {
                isCut = true
                break
            }
            let found = byLine[lines.count + 1] ?? []
            let shown = line.utf8.count <= 4000 ? String(line) : String(line.prefix(1000)) + "…"
            let tone = found.contains { $0.tone == "failed" } ? "failed" : found.first?.tone ?? ""
            lines.append(Line(number: lines.count + 1, text: shown, findings: found, tone: tone))
        }
        self.lines = lines
        self.isCut = isCut
        let count = lines.count
        others = findings.filter { !(1...max(1, count)).contains($0.line ?? 0) }
    }
}
