/// Something that is measured by doing it again and again, without I/O.
struct InMemoryCase {
    let name: String
    /// How many bytes it goes through, where that says more than how often it can be done.
    var bytes: Int?
    let body: () throws -> Void

    /// Measures the cases for about half a second each.
    static func report(_ bench: String, _ cases: [InMemoryCase]) throws -> Report {
        var report = Report(bench, columns: ["what", "µs each", "MB/s"])
        for each in cases {
            let seconds = try each.secondsPerCall()
            report.add([
                .text(each.name), .number(seconds * 1_000_000, 2),
                each.bytes.map { .number(Double($0) / seconds / 1_000_000, 0) } ?? .none,
            ])
        }
        return report
    }

    /// The best of five: whatever else the machine did made the others slower.
    private func secondsPerCall() throws -> Double {
        var best = Double.infinity
        var calls = 1
        for _ in 0..<5 {
            var elapsed = 0.0
            while true {
                let start = ContinuousClock.now
                for _ in 0..<calls { try body() }
                elapsed = start.duration(to: .now) / .seconds(1)
                if elapsed >= 0.05 { break }
                calls *= 2
            }
            best = min(best, elapsed / Double(calls))
        }
        return best
    }
}
