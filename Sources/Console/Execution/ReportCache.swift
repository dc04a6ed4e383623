import Expressions
import Store

/// What long executions have been through, kept for the next look: of one that goes on only what is new is read.
actor ReportCache {
    /// An execution by its name, and when it started: names are given away again.
    private struct Key: Hashable {
        let execution: String
        let startedAt: Timestamp
    }

    private struct Entry {
        var spans: Spans
        var lookedAt: Int
    }

    /// Events of shorter histories are read anew each time.
    static let worthKeeping = 2000
    /// Events at once from the database.
    private let page: Int
    /// Events of all that is kept, together.
    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var looks = 0

    init(capacity: Int = 250_000, page: Int = 20_000) { (self.capacity, self.page) = (capacity, page) }

    /// - Parameter lastEvent: how far the execution has come.
    func spans(
        of execution: String,
        startedAt: Timestamp,
        upTo lastEvent: Int,
        from store: Store
    ) async throws -> Spans {
        let key = Key(execution: execution, startedAt: startedAt)
        // Whoever asks meanwhile reads for itself: what is longer stays.
        var spans = entries[key]?.spans ?? Spans()
        while spans.lastEvent < lastEvent {
            let events = try await store.historyOutline(execution, after: spans.lastEvent, limit: page)
            guard !events.isEmpty else { break }
            spans.append(events)
        }
        if spans.lastEvent >= Self.worthKeeping { keep(spans, as: key) }
        return spans
    }

    private func keep(_ spans: Spans, as key: Key) {
        looks += 1
        if let entry = entries[key], entry.spans.lastEvent >= spans.lastEvent {
            entries[key]?.lookedAt = looks
        } else {
            entries[key] = Entry(spans: spans, lookedAt: looks)
        }
        var size = entries.values.reduce(0) { $0 + $1.spans.lastEvent }
        while size > capacity, entries.count > 1,
            let oldest = entries.min(by: { $0.value.lookedAt < $1.value.lookedAt })
        {
            size -= oldest.value.spans.lastEvent
            entries[oldest.key] = nil
        }
    }
}
