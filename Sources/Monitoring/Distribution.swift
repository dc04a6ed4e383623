import JSON

/// How values of one kind are spread: a histogram as Prometheus has it.
package struct Distribution: Sendable, Hashable {
    /// Up to where each but the last of the parts goes; what is above belongs to the last.
    package let bounds: [Double]
    private(set) package var counts: [Int]
    private(set) package var sum: Double = 0

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// From a millisecond to five minutes, in seconds.
    package static let seconds = Distribution(bounds: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300])
    /// The same in milliseconds, in which AWS measures.
    package static let milliseconds = Distribution(
        bounds: [1, 5, 10, 50, 100, 500, 1000, 5000, 30_000, 60_000, 300_000]
    )

    package var count: Int { counts.reduce(0, +) }

    package mutating func add(_ value: Double) {
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[place] += 1
        sum += value
    }
}

extension Distribution {
    var json: JSONValue {
        [
            "counts": .array(counts.map { .number(JSONNumber($0)) }),
            "sum": JSONNumber(sum).map(JSONValue.number) ?? 0,
        ]
    }

    /// The same kind of distribution with other values; what can't be read leaves it empty.
    func reading(_ json: JSONValue?) -> Distribution {
        var read = Distribution(bounds: bounds)
        let counts = json?["counts"]?.array?.compactMap { $0.number?.exactly(Int.self) } ?? []
        guard counts.count == read.counts.count, counts.allSatisfy({ (0...(1 << 53)).contains($0) }),
            let sum = json?["sum"]?.number?.double, sum.isFinite
        else { return read }
        read.counts = counts
        read.sum = sum
        return read
    }
}
