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
    static let pageSize = 120
    /// Attempts of one state that are drawn.
    private static let mostAttempts = 30
    /// The time of the whole execution.
    private static let scale = 1000.0

    private(set) var rows: [Row] = []
    /// How many rows there are on all pages.
    private(set) var count = 0
    /// The first row of something that failed, and has nothing in it that did.
    private(set) var firstFailure: Int?
    private let page: Range<Int>
    private let spans: [Span]
    private let children: [Int: [Int]]
    private let start: Timestamp
    private let end: Timestamp
    private let unfolded: Int?
    private let texts: Texts

    /// - Parameters:
    ///   - unfolded: the event that entered the state whose whole inside is shown.
    ///   - first: the row that the page begins with.
    init(
        _ spans: [Span],
        start: Timestamp,
        end: Timestamp,
        unfolded: Int?,
        from first: Int,
        _ texts: Texts
    ) {
        self.spans = spans
        self.start = start
        self.end = max(end, Timestamp(microseconds: start.microseconds + 1000))
        self.unfolded = unfolded
        self.texts = texts
        let first = min(max(0, first), Int(Int32.max))
        page = first..<(first + Self.pageSize)
        var children: [Int: [Int]] = [:]
        for (index, span) in spans.enumerated() { children[span.parent ?? -1, default: []].append(index) }
        self.children = children
        for index in children[-1] ?? [] { add(index, depth: 0) }
    }

    private mutating func add(_ index: Int, depth: Int) {
        let span = spans[index]
        let inside = children[index] ?? []
        let isFolded = inside.count > Self.mostChildren && span.id != unfolded
        if page.contains(count) { rows.append(row(span, inside, isFolded: isFolded, depth: depth)) }
        if span.outcome == .failed, firstFailure == nil, isFolded || inside.isEmpty { firstFailure = count }
        count += 1
        guard !isFolded else { return }
        for child in inside { add(child, depth: depth + 1) }
    }

    private func row(_ span: Span, _ inside: [Int], isFolded: Bool, depth: Int) -> Row {
        var note: String?
        if isFolded || span.itemCount != nil {
            note = Self.summary(inside.map { spans[$0] }, items: span.itemCount, texts)
        } else if span.retries > 0 {
            note = texts("timeline.retries", ["count": texts.count(span.retries)])
        }
        return Row(
            // The same page with other fields: a long name need not stand in every row.
            address: "?view=graph&span=\(span.id)",
            name: span.state,
            depth: "depth-\(min(depth, 8))",
            iteration: span.iteration.map { "#\($0)" },
            bars: bars(span),
            took: texts.duration(from: span.enteredAt, to: span.endedAt ?? end),
            tone: span.outcome.tone,
            outcome: texts("outcome.\(span.outcome.rawValue)"),
            note: note,
            unfold: isFolded ? "?view=timeline&open=\(span.id)" : nil
        )
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
        for (number, attempt) in span.attempts.prefix(Self.mostAttempts).enumerated() {
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
                    title + (attempt.error.map { ": \(EscapedHTML.beginning(of: $0, bytes: 200))" } ?? "")
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
