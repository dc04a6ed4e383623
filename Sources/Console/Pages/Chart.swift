import Store

/// A small chart of an hour: one column a minute.
struct Chart {
    struct Bar {
        let x: Int
        let y: Int
        let height: Int
        let tone: String
        let title: String?
    }

    let name: String
    /// What the height of the chart stands for.
    let top: String
    let bars: [Bar]
    let isEmpty: Bool

    private static let height = 80

    /// Starts, and how many of them failed.
    static func started(_ minutes: [MinuteOfActivity], _ texts: Texts) -> Chart {
        let most = max(1, minutes.map(\.started).max() ?? 1)
        var bars: [Bar] = []
        for (x, minute) in minutes.enumerated() where minute.started > 0 {
            let title = texts(
                "chart.minute",
                [
                    "time": time(minute), "started": texts.count(minute.started), "failed": texts.count(minute.failed),
                ]
            )
            let all = part(minute.started, of: most)
            let failed = min(all, minute.failed == 0 ? 0 : max(2, part(minute.failed, of: most)))
            bars.append(bar(x, from: 0, to: all, "succeeded", title))
            if failed > 0 { bars.append(bar(x, from: 0, to: failed, "failed", title)) }
        }
        return Chart(
            name: texts("chart.started"),
            top: texts("chart.perMinute", ["count": texts.count(most)]),
            bars: bars,
            isEmpty: bars.isEmpty
        )
    }

    /// How long executions took: half of them, and the slowest.
    static func durations(_ minutes: [MinuteOfActivity], _ texts: Texts) -> Chart {
        let most = max(1, minutes.compactMap(\.slowest).max() ?? 1)
        var bars: [Bar] = []
        for (x, minute) in minutes.enumerated() {
            guard let median = minute.median, let slowest = minute.slowest else { continue }
            let title = texts(
                "chart.took",
                [
                    "time": time(minute), "median": texts.duration(microseconds: median),
                    "slowest": texts.duration(microseconds: slowest),
                ]
            )
            bars.append(bar(x, from: 0, to: part(slowest, of: most), "slowest", title))
            bars.append(bar(x, from: 0, to: part(median, of: most), "median", title))
        }
        return Chart(
            name: texts("chart.durations"),
            top: texts.duration(microseconds: most),
            bars: bars,
            isEmpty: bars.isEmpty
        )
    }

    private static func time(_ minute: MinuteOfActivity) -> String { "\("\(minute.at)".dropFirst(11).prefix(5)) UTC" }

    private static func part<Number: BinaryInteger>(_ value: Number, of most: Number) -> Int {
        max(1, Int(Double(value) / Double(most) * Double(height)))
    }

    private static func bar(_ x: Int, from low: Int, to high: Int, _ tone: String, _ title: String) -> Bar {
        Bar(x: x * 10 + 1, y: height - high, height: max(1, high - low), tone: tone, title: title)
    }
}
