import Expressions
import Foundation
import JSON
import Monitoring
import Store

/// What the queue holds and how it moves, look by look.
struct QueueFlow {
    static let heading = row(
        "TIME",
        ["OPEN", "READY", "OLDEST", "LEASED", "SLEEPING", "WAITING", "MOVES/S", "ENDS/S", "WORKERS"]
    )

    struct Line {
        fileprivate let time: Timestamp
        fileprivate let counts: [(name: String, count: QueueFigures.Count)]
        fileprivate let oldestSeconds: Double
        /// nil: there was no look before.
        fileprivate let rates: (transitions: Double, ends: Double)?

        var text: String {
            let rates = rates.map { [$0.transitions, $0.ends] }?.map { String(format: "%.1f", $0) } ?? ["-", "-"]
            var cells = counts.map { $0.count.isAtLeast ? ">\($0.count.count)" : "\($0.count.count)" }
            cells.insert(counts[1].count.count > 0 ? String(format: "%.1f s", oldestSeconds) : "-", at: 2)
            cells.insert(contentsOf: rates, at: 6)
            return QueueFlow.row(String(time.timeOfDay.prefix(8)), cells)
        }

        var json: JSONValue {
            var object: JSONObject = ["time": .string("\(time)")]
            for (name, count) in counts { object[name] = .number(JSONNumber(count.count)) }
            object["oldestSeconds"] = JSONNumber(oldestSeconds).map(JSONValue.number)
            if let rates {
                object["transitionsPerSecond"] = JSONNumber(rates.transitions).map(JSONValue.number)
                object["endsPerSecond"] = JSONNumber(rates.ends).map(JSONValue.number)
            }
            return .object(object)
        }
    }

    private typealias Done = (transitions: Int, ends: Int)

    private var before: (time: Timestamp, done: [String: Done])?

    mutating func next(
        _ queue: QueueFigures,
        _ workers: [QueueFigures.WorkerReport],
        at time: Timestamp
    ) -> Line {
        var done: [String: Done] = [:]
        for worker in workers {
            let figures = WorkerFigures(worker.figures)
            let ends = figures.executionsSucceeded + figures.executionsFailed + figures.executionsTimedOut
            done[worker.name] = (figures.transitions, ends)
        }
        defer { before = (time, done) }
        let queues = queue.queues
        func total(_ kind: KeyPath<QueueFigures.Queue, QueueFigures.Count>) -> QueueFigures.Count {
            queues.reduce(into: QueueFigures.Count()) { $0 += $1[keyPath: kind] }
        }
        return Line(
            time: time,
            counts: [
                ("openExecutions", queue.openExecutions), ("ready", total(\.ready)), ("leased", total(\.leased)),
                ("sleeping", total(\.sleeping)), ("waiting", total(\.waiting)),
                ("liveWorkers", QueueFigures.Count(queue.liveWorkers)),
            ],
            oldestSeconds: queues.map(\.oldestSeconds).max() ?? 0,
            rates: before.map { Self.rates(from: $0.done, to: done, seconds: $0.time.seconds(until: time)) }
        )
    }

    /// A worker that began again counts from zero.
    private static func rates(
        from before: [String: Done],
        to now: [String: Done],
        seconds: Double
    ) -> (transitions: Double, ends: Double) {
        var moved: Done = (0, 0)
        for (name, done) in now {
            let old = before[name] ?? done
            let isNew = done.transitions < old.transitions
            moved.transitions += done.transitions - (isNew ? 0 : old.transitions)
            moved.ends += done.ends - (isNew ? 0 : min(old.ends, done.ends))
        }
        return (Double(moved.transitions) / seconds, Double(moved.ends) / seconds)
    }

    private static func row(_ first: String, _ cells: [String]) -> String {
        first + String(repeating: " ", count: max(0, 8 - first.count))
            + cells.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    }
}

extension Timestamp {
    /// Never zero: it is divided by.
    fileprivate func seconds(until later: Timestamp) -> Double {
        max(0.001, Double(later.microseconds - microseconds) / 1_000_000)
    }
}
