import ArgumentParser
import Expressions
import Store

/// Which executions are meant, the same for every command that takes many.
struct FilterOptions: ParsableArguments {
    @Option(help: "Only executions of this state machine (name or ARN).")
    var machine: String?

    @Option(help: "Only executions with this status: running, succeeded, failed, timed_out or aborted.")
    var status: ExecutionStatus?

    @Option(
        help: ArgumentHelp(
            "Only those started since then: 2026-11-23T14:00:00Z, or 15m, 2h, 3d ago.",
            valueName: "time"
        )
    )
    var since: Moment?

    @Option(help: ArgumentHelp("Only those started before then.", valueName: "time"))
    var before: Moment?

    @Option(help: ArgumentHelp("Only those whose name begins like this.", valueName: "text"))
    var namePrefix: String?

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only those whose input has this at a place; repeatable.", valueName: "place=value")
    )
    var fields: [FieldCondition] = []

    /// Whether anything is said at all.
    var isEmpty: Bool {
        machine == nil && status == nil && since == nil && before == nil && namePrefix == nil && fields.isEmpty
    }

    /// - Parameter now: by the database's clock.
    func filter(now: Timestamp) -> ExecutionFilter {
        var filter = ExecutionFilter()
        filter.stateMachine = machine
        filter.statuses = status.map { [$0] } ?? []
        filter.startedSince = since?.time(now: now)
        filter.startedBefore = before?.time(now: now)
        filter.namePrefix = namePrefix
        filter.fields = fields.map { ExecutionFilter.Field(path: $0.path, value: $0.value) }
        return filter
    }
}

/// A time, or how long ago it was.
enum Moment: ExpressibleByArgument {
    case at(Timestamp)
    case ago(seconds: Int64)

    init?(argument: String) {
        if let time = Timestamp(argument) {
            self = .at(time)
            return
        }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Int64(argument.dropLast()),
            (0...1_000_000_000).contains(number)
        else { return nil }
        self = .ago(seconds: number * unit)
    }

    func time(now: Timestamp) -> Timestamp {
        switch self {
        case .at(let time): time
        case .ago(let seconds): now.adding(seconds: -seconds)
        }
    }
}

/// `customer.id=c-8` or `items.0.sku=tea`.
struct FieldCondition: ExpressibleByArgument {
    var path: [String]
    var value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        value = String(parts[1])
    }
}
