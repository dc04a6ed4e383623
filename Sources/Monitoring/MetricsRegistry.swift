package import CoreMetrics
import Synchronization

/// A backend of swift-metrics that keeps what was counted, for Prometheus to fetch.
package final class MetricsRegistry: MetricsFactory {
    /// One line of a metric: its name, and what tells it from others of that name.
    struct Series: Hashable, Comparable {
        let name: String
        let labels: [Label]

        static func < (one: Series, other: Series) -> Bool {
            one.name == other.name
                ? one.labels.lexicographicallyPrecedes(other.labels) : one.name < other.name
        }
    }

    struct Label: Hashable, Comparable {
        let name: String
        let value: String

        static func < (one: Label, other: Label) -> Bool { (one.name, one.value) < (other.name, other.value) }
    }

    private struct Kept {
        var counts: [Series: CountHandler] = [:]
        var sums: [Series: SumHandler] = [:]
        var levels: [Series: LevelHandler] = [:]
        var spreads: [Series: SpreadHandler] = [:]
    }

    private let kept = Mutex(Kept())

    package init() {}

    // MARK: What is counted

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        keep(Self.series(label, dimensions), in: { $0.counts[$1] }, or: CountHandler()) { $0.counts[$1] = $2 }
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        keep(Self.series(label, dimensions), in: { $0.sums[$1] }, or: SumHandler()) { $0.sums[$1] = $2 }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        level(Self.series(label, dimensions))
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        let series = Self.series(label, dimensions)
        return aggregate ? spread(series) : level(series)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        spread(Self.series(label, dimensions))
    }

    // What was counted stays: Prometheus takes a counter that is gone for one that never was.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func level(_ series: Series) -> LevelHandler {
        keep(series, in: { $0.levels[$1] }, or: LevelHandler()) { $0.levels[$1] = $2 }
    }

    private func spread(_ series: Series) -> SpreadHandler {
        let distribution = Metric(rawValue: series.name)?.distribution ?? .seconds
        return keep(series, in: { $0.spreads[$1] }, or: SpreadHandler(distribution)) { $0.spreads[$1] = $2 }
    }

    private func keep<Handler: Sendable>(
        _ series: Series,
        in find: (Kept, Series) -> Handler?,
        or new: Handler,
        _ add: (inout Kept, Series, Handler) -> Void
    ) -> Handler {
        kept.withLock { kept in
            if let handler = find(kept, series) { return handler }
            add(&kept, series, new)
            return new
        }
    }

    private static func series(_ name: String, _ dimensions: [(String, String)]) -> Series {
        Series(name: name, labels: dimensions.map { Label(name: $0.0, value: $0.1) })
    }

    // MARK: What came of it

    var counts: [(Series, Int64)] { kept.withLock(\.counts).map { ($0, $1.value) }.sorted { $0.0 < $1.0 } }
    var sums: [(Series, Double)] { kept.withLock(\.sums).map { ($0, $1.value) }.sorted { $0.0 < $1.0 } }
    var levels: [(Series, Double)] { kept.withLock(\.levels).map { ($0, $1.value) }.sorted { $0.0 < $1.0 } }
    var spreads: [(Series, Distribution)] { kept.withLock(\.spreads).map { ($0, $1.value) }.sorted { $0.0 < $1.0 } }
}

private final class CountHandler: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

private final class SumHandler: FloatingPointCounterHandler {
    private let sum = Mutex(0.0)

    var value: Double { sum.withLock(\.self) }

    func increment(by amount: Double) { sum.withLock { $0 += amount } }
    func reset() { sum.withLock { $0 = 0 } }
}

private final class LevelHandler: MeterHandler, RecorderHandler {
    private let level = Mutex(0.0)

    var value: Double { level.withLock(\.self) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { level.withLock { $0 = value } }
    func increment(by amount: Double) { level.withLock { $0 += amount } }
    func decrement(by amount: Double) { level.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

private final class SpreadHandler: RecorderHandler, TimerHandler {
    private let spread: Mutex<Distribution>

    init(_ distribution: Distribution) { spread = Mutex(distribution) }

    var value: Distribution { spread.withLock(\.self) }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { spread.withLock { $0.add(value) } }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
