import Expressions

/// The states of an execution on a line of time, those inside a Parallel or Map below it.
struct Timeline {
    struct Bar {
        let x: Int
        let width: Int
        let tone: String
        let title: String
    }

    struct Row {
        let address: String
        let name: String
        /// A class: `depth-2`.
        let depth: String
        let iteration: String?
        let bars: [Bar]
        let took: String
        let tone: String
        let outcome: String
        let note: String?
        /// Where what is folded in it is shown.
        let unfold: String?
    }

    /// What a Parallel or Map may have in it and is shown at once.
    private static let mostChildren = 40
    private static let mostRows = 400
    /// The time of the whole execution.
    private static let scale = 1000.0

    private(set) var rows: [Row] = []
    private(set) var isCut = false
    private let spans: [Span]
    private let children: [Int: [Int]]
    private let start: Timestamp
    private let end: Timestamp
    private let unfolded: Int?
    private let texts: Texts
    private let address: ([(String, String?)]) -> String

    /// - Parameters:
    ///   - unfolded: the event that entered the state whose whole inside is shown.
    ///   - address: of the execution's page with other fields.
    init(
        _ spans: [Span],
        start: Timestamp,
        end: Timestamp,
        unfolded: Int?,
        _ texts: Texts,
        address: @escaping ([(String, String?)]) -> String
    ) {
        self.spans = spans
        self.start = start
        self.end = max(end, Timestamp(microseconds: start.microseconds + 1000))
        self.unfolded = unfolded
        self.texts = texts
        self.address = address
        var children: [Int: [Int]] = [:]
        for (index, span) in spans.enumerated() { children[span.parent ?? -1, default: []].append(index) }
        self.children = children
        for index in children[-1] ?? [] { add(index, depth: 0) }
    }

    private mutating func add(_ index: Int, depth: Int) {
        guard rows.count < Self.mostRows else {
            isCut = true
            return
        }
        let span = spans[index]
        let inside = children[index] ?? []
        let isFolded = inside.count > Self.mostChildren && span.id != unfolded
        var note: String?
        if isFolded || span.itemCount != nil {
            note = Self.summary(inside.map { spans[$0] }, items: span.itemCount, texts)
        } else if span.retries > 0 {
            note = texts("timeline.retries", ["count": texts.count(span.retries)])
        }
        rows.append(
            Row(
                address: address([("view", "graph"), ("span", "\(span.id)")]),
                name: span.state,
                depth: "depth-\(min(depth, 8))",
                iteration: span.iteration.map { "#\($0)" },
                bars: bars(span),
                took: texts.duration(from: span.enteredAt, to: span.endedAt ?? end),
                tone: span.outcome.tone,
                outcome: texts("outcome.\(span.outcome.rawValue)"),
                note: note,
                unfold: isFolded ? address([("view", "timeline"), ("open", "\(span.id)")]) : nil
            )
        )
        guard !isFolded else { return }
        for child in inside { add(child, depth: depth + 1) }
    }

    private static func summary(_ inside: [Span], items: Int?, _ texts: Texts) -> String {
        texts(
            "timeline.inside",
            [
                "count": texts.count(items ?? inside.count),
                "done": texts.count(inside.count { $0.outcome == .succeeded || $0.outcome == .caught }),
                "failed": texts.count(inside.count { $0.outcome == .failed }),
            ]
        )
    }

    /// The time in the state, and in it the attempts: between those it waited.
    private func bars(_ span: Span) -> [Bar] {
        let until = span.endedAt ?? end
        var bars = [
            bar(
                from: span.enteredAt,
                to: until,
                span.attempts.isEmpty ? span.outcome.tone : "quiet",
                span.state
            )
        ]
        for (number, attempt) in span.attempts.enumerated() {
            let tone = attempt.hasFailed ? "failed" : attempt.end == nil ? "running" : span.attemptTone
            let title = texts(
                "timeline.attempt",
                [
                    "number": texts.count(number + 1),
                    "duration": texts.duration(from: attempt.start, to: attempt.end ?? until),
                ]
            )
            bars.append(
                bar(
                    from: attempt.start,
                    to: attempt.end ?? until,
                    tone,
                    title + (attempt.error.map { ": \($0)" } ?? "")
                )
            )
        }
        return bars
    }

    private func bar(from: Timestamp, to: Timestamp, _ tone: String, _ title: String) -> Bar {
        let whole = Double(end.microseconds - start.microseconds)
        func place(_ time: Timestamp) -> Double {
            min(max(Double(time.microseconds - start.microseconds) / whole, 0), 1) * Self.scale
        }
        let (left, right) = (place(from), place(to))
        return Bar(x: Int(min(left, Self.scale - 4)), width: max(4, Int(right - left)), tone: tone, title: title)
    }
}

extension Span {
    fileprivate var attemptTone: String { outcome == .aborted ? "aborted" : "succeeded" }
}

extension Span.Outcome {
    /// The class that gives it its colour.
    var tone: String { rawValue }
}
