import Server
import StatesLanguage
import Store

/// A function: who offers it, what there is to do for it, and what is set for it.
struct FunctionStanding {
    let name: String
    /// Those that live.
    let workers: [WorkerStanding]
    let queue: QueueFigures.Queue?
    let settings: FunctionSettings?
    let calls: CallFigures

    var isStuck: Bool { workers.isEmpty && (queue?.ready.count ?? 0) > 0 }

    /// All that are offered, waited for, or set, by name.
    static func all(_ visit: Visit) async throws -> [FunctionStanding] {
        let seen = try await visit.console.activity.figures(of: visit.store)
        let settings = Dictionary(
            try await visit.store.functions().map { ($0.name, $0.settings) },
            uniquingKeysWith: { first, _ in first }
        )
        let calls = CallFigures.all(try await visit.store.workerReports())
        let living = seen.workers.filter(\.lives)
        let queues = Dictionary(seen.queue.queues.map { ($0.function, $0) }, uniquingKeysWith: { first, _ in first })
        var names = Set(living.flatMap(\.record.functions))
        names.formUnion(queues.keys)
        names.formUnion(settings.keys)
        // A version leads to its function, also where nobody offers that.
        names.formUnion(names.filter(isFunction).map(base(of:)))
        return names.filter { isFunction($0) && visit.may("ListFunctions", on: $0) }
            .sorted()
            .map { name in
                FunctionStanding(
                    name: name,
                    workers: living.filter { $0.record.functions.contains(name) },
                    queue: queues[name],
                    // Its versions have what is set for a function.
                    settings: settings[base(of: name)],
                    calls: calls[name] ?? CallFigures()
                )
            }
    }

    /// The function, of one of its versions.
    static func base(of name: String) -> String { String(name.prefix { $0 != ":" }) }

    /// The page of a function; nil: what has the name is none, or they may not see it.
    static func address(of name: String, _ visit: Visit) -> String? {
        isFunction(name) && visit.may("ListFunctions", on: name) ? Address.of(["functions", name]) : nil
    }

    /// Workers offer services as well, activities have queues too, and what any worker can do has no name.
    private static func isFunction(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(ServiceIntegration.offer(of: "")) && !name.hasPrefix("activity:")
    }
}

/// The figures of a function in words.
struct FunctionFigures {
    let ready: String
    let oldest: String?
    let leased: String
    let sleeping: String
    let waiting: String
    let workers: Int
    let slots: Int
    let limits: String?
    let succeeded: String
    let failed: String
    /// nil: none has.
    let failedTone: String?
    let timedOut: String
    let average: String?
    let isStuck: Bool

    init(_ standing: FunctionStanding, _ texts: Texts) {
        let queue = standing.queue
        func count(_ count: QueueFigures.Count?) -> String { texts.count(count ?? QueueFigures.Count()) }
        ready = count(queue?.ready)
        leased = count(queue?.leased)
        sleeping = count(queue?.sleeping)
        waiting = count(queue?.waiting)
        if let queue, queue.ready.count > 0 {
            oldest = texts.duration(microseconds: Int64(min(queue.oldestSeconds, 1e9) * 1_000_000))
        } else {
            oldest = nil
        }
        workers = standing.workers.count
        slots = standing.workers.reduce(0) { $0 + $1.record.slots }
        let limits = [
            standing.settings?.reserved.map { texts("functions.atOnce", ["count": texts.count($0)]) },
            standing.settings?.rate.map { texts("functions.aSecond", ["count": $0.plainText]) },
            standing.settings?.fairKey.map { texts("functions.inTurns", ["path": $0]) },
            standing.settings?.priority.map { texts("functions.byPriority", ["path": $0]) },
        ]
        .compactMap(\.self)
        self.limits = limits.isEmpty ? nil : limits.joined(separator: ", ")
        let calls = standing.calls
        succeeded = texts.count(calls.succeeded)
        failed = texts.count(calls.failed)
        failedTone = calls.failed > 0 ? "failed" : nil
        timedOut = texts.count(calls.timedOut)
        average = calls.average.map { texts.duration(microseconds: $0) }
        isStuck = standing.isStuck
    }
}

extension Double {
    /// Without a fraction where it has none.
    var plainText: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
