import Expressions
import Store

/// Which executions are meant, as addresses say it.
struct ExecutionQuery {
    static let spans = ["15m", "1h", "1d", "7d"]

    let machine: String?
    let status: ExecutionStatus?
    let since: String?
    let namePrefix: String?
    let error: String?
    let fieldsText: String?
    /// nil: they can't be read.
    let fields: [ExecutionFilter.Field]?

    init(_ query: Fields) {
        machine = query.filled("machine")
        status = query.filled("status").flatMap(ExecutionStatus.init(rawValue:))
        since = query.filled("since").flatMap { Self.spans.contains($0) ? $0 : nil }
        namePrefix = query.filled("name")
        error = query.filled("error")
        fieldsText = query.filled("fields")
        fields = Self.fields(fieldsText ?? "")
    }

    /// The state machine that rights are about, whichever way it is named; nil: all of them.
    var owner: String? { machine.map { ExecutionRow.owner(of: Settings.machineName($0)) } }

    /// As an address says it again: the same text for the same filter.
    var pairs: [(String, String?)] {
        [
            ("machine", machine), ("status", status?.rawValue), ("since", since), ("name", namePrefix),
            ("error", error),
            ("fields", fieldsText),
        ]
    }

    /// For those who read it later.
    var text: String {
        let parts = pairs.compactMap { name, value in value.map { "\(name)=\($0)" } }
        return parts.isEmpty ? "*" : parts.joined(separator: " ")
    }

    var isFiltered: Bool { pairs.contains { $0.1 != nil } }

    func filter(now: Timestamp) -> ExecutionFilter {
        var filter = ExecutionFilter()
        filter.stateMachine = machine
        filter.statuses = status.map { [$0] } ?? []
        filter.namePrefix = namePrefix
        filter.error = error
        filter.fields = fields ?? []
        let seconds: [String: Int64] = ["15m": 900, "1h": 3600, "1d": 86_400, "7d": 604_800]
        filter.startedSince = since.flatMap { seconds[$0] }.map { now.adding(seconds: -$0) }
        return filter
    }

    /// `customer.id=c-8 items.0.sku=tea`: a place in the input and what stands there; quotation marks hold spaces together.
    static func fields(_ text: String) -> [ExecutionFilter.Field]? {
        var words: [String] = [""]
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        var fields: [ExecutionFilter.Field] = []
        for word in words where !word.isEmpty {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { return nil }
            let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            fields.append(ExecutionFilter.Field(path: path, value: String(parts[1])))
        }
        return fields.count <= 8 ? fields : nil
    }
}
