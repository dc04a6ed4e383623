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
        /// How far back the search has looked, if not to the end.
        let lookedBackTo: Moment?
        let isFiltered: Bool
        let stop: String?
        let redrive: String?
    }

    private static let pageSize = 50

    static func answer(_ visit: Visit) async throws -> Response {
        let (query, texts) = (ExecutionQuery(visit.address.query), visit.texts)
        try visit.require("ListExecutions", on: query.owner)
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
            lookedBackTo: page.lookedBackTo.map(Moment.init),
            isFiltered: query.isFiltered,
            stop: BulkChange(.stop, query).address(for: visit),
            redrive: BulkChange(.redrive, query).address(for: visit)
        )
        return visit.page("executionList", model, title: texts("nav.executions"))
    }

    /// - Returns: nothing for a state machine that there is not.
    private static func page(
        of filter: ExecutionFilter,
        _ visit: Visit
    ) async throws -> FoundExecutions {
        let after = visit.address.query["after"].flatMap(PGUUID.init)
        do throws(StoreError) {
            return try await visit.store.findExecutions(
                filter,
                limit: pageSize,
                after: after.map(ExecutionCursor.init(startedBefore:))
            )
        } catch {
            guard case .stateMachineDoesNotExist = error else { throw error }
            return FoundExecutions(executions: [])
        }
    }
}
