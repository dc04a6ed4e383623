import Expressions
import Hummingbird
import Postgres
import Server
import Store

/// Executions, newest first, those that a filter in the address means.
enum ExecutionsPage {
    private struct Choice {
        let value: String
        let text: String
        let isChosen: Bool
    }

    private struct Model {
        let table: ExecutionTable
        let machine: String
        let machines: [String]
        let statuses: [Choice]
        let times: [Choice]
        let namePrefix: String
        let error: String
        let fields: String
        let fieldsAreWrong: Bool
        let next: String?
        let isFiltered: Bool
    }

    private static let pageSize = 50

    static func answer(_ visit: Visit) async throws -> Response {
        let (query, texts) = (ExecutionQuery(visit.address.query), visit.texts)
        let machine = query.machine.map(ExecutionRow.owner)
        try visit.require("ListExecutions", on: machine)
        let now = try await visit.store.databaseTime()
        let page = try await page(of: query.filter(now: now), visit)
        let machines = try await visit.store.listStateMachines(after: nil, limit: 200)
        let model = Model(
            table: ExecutionTable(page.executions, now: now, texts),
            machine: query.machine ?? "",
            machines: machines.elements.map(\.name).filter { visit.may("ListExecutions", on: $0) },
            statuses: ExecutionStatus.allCases.filter { $0 != .pendingRedrive }
                .map { Choice(value: $0.rawValue, text: texts($0), isChosen: $0 == query.status) },
            times: ExecutionQuery.spans
                .map { Choice(value: $0, text: texts("since.\($0)"), isChosen: $0 == query.since) },
            namePrefix: query.namePrefix ?? "",
            error: query.error ?? "",
            fields: query.fieldsText ?? "",
            fieldsAreWrong: query.fields == nil,
            next: page.next.map { visit.address(with: ["after": $0.startedBefore.description]) },
            isFiltered: query.isFiltered
        )
        return visit.page("executionList", model, title: texts("nav.executions"))
    }

    /// - Returns: nothing for a state machine that there is not.
    private static func page(
        of filter: ExecutionFilter,
        _ visit: Visit
    ) async throws -> (executions: [ExecutionSummary], next: ExecutionCursor?) {
        let after = visit.address.query["after"].flatMap(PGUUID.init)
        do throws(StoreError) {
            return try await visit.store.executions(
                filter,
                limit: pageSize,
                after: after.map(ExecutionCursor.init(startedBefore:))
            )
        } catch {
            guard case .stateMachineDoesNotExist = error else { throw error }
            return ([], nil)
        }
    }
}

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

    var isFiltered: Bool {
        machine != nil || status != nil || since != nil || namePrefix != nil || error != nil || fieldsText != nil
    }

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
