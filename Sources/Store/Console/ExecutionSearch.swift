package import Expressions
import Postgres

/// What a search for executions has found, as far as it has looked.
package struct FoundExecutions: Sendable {
    package var executions: [ExecutionSummary]
    /// Where to go on; nil: there is nothing more.
    package var next: ExecutionCursor?
    /// It has not looked at those that started before: there were too many for once.
    package var lookedBackTo: Timestamp?

    package init(executions: [ExecutionSummary], next: ExecutionCursor? = nil, lookedBackTo: Timestamp? = nil) {
        self.executions = executions
        self.next = next
        self.lookedBackTo = lookedBackTo
    }
}

extension Store {
    /// How many executions a search looks at: one by one where no index leads to what it asks for.
    private func searchDepth(_ filter: ExecutionFilter) -> Int {
        // A field takes the input to be read.
        let all = filter.fields.isEmpty ? 40_000 : 4000
        return max(100, all / Int(settings.buckets))
    }

    private static let searchColumns = """
        select coalesce(m.name || '/' || e.map_label, m.name), e.name, e.status,
            e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at, e.id,
            left(e.error, 200)
        """
    private static let searchJoin = "join stepwell.state_machines m on m.id = e.machine"

    /// Executions that a filter means, newest first, in bounded time: however many there are that it does not mean. Those
    /// that have the whole name that it asks for come first, however old they are.
    ///
    /// - Parameters:
    ///   - limit: the most to answer, 1 to 1,000, beside those with the whole name.
    ///   - after: where the search before ended.
    package func findExecutions(
        _ filter: ExecutionFilter,
        limit: Int,
        after: ExecutionCursor? = nil
    ) async throws(StoreError) -> FoundExecutions {
        let limit = min(max(limit, 1), 1000)
        let search = try await search(filter, after: after)
        var found = try await look(search, limit: limit)
        if search.name != nil, after == nil {
            let named = try rows(
                of: try await pipeline(search.exact(Self.searchColumns, join: Self.searchJoin, limit: limit))
            )
            found.executions.insert(contentsOf: named.map(\.summary), at: 0)
        }
        return found
    }

    private func look(_ search: Search, limit: Int) async throws(StoreError) -> FoundExecutions {
        let statements = search.statements(Self.searchColumns, join: Self.searchJoin, limit: limit + 1)
        let answers = try await pipeline(statements)
        let found = try rows(of: answers)
        // A bucket that has given fewer has come to its end, or has been looked through as far as this goes. Buckets get to
        // different times: what is older than the latest of those waits for the next page.
        let isCertain = answers.allSatisfy { $0.count > limit }
        let bound = isCertain ? nil : try await searchBound(search)
        let seen = found.filter { $0.id >= bound ?? $0.id }
        if seen.count > limit {
            let page = seen.prefix(limit)
            return FoundExecutions(
                executions: page.map(\.summary),
                next: page.last.map { ExecutionCursor(startedBefore: $0.id) }
            )
        }
        guard let bound else { return FoundExecutions(executions: seen.map(\.summary)) }
        return FoundExecutions(
            executions: seen.map(\.summary),
            next: ExecutionCursor(startedBefore: bound),
            lookedBackTo: Timestamp(microseconds: Int64(bound.high >> 16) * 1000)
        )
    }

    /// Newest first.
    private func rows(of answers: [Rows]) throws(StoreError) -> [(id: PGUUID, summary: ExecutionSummary)] {
        try decode { () throws(PostgresError) in
            var found: [(id: PGUUID, summary: ExecutionSummary)] = []
            for row in answers.joined() { found.append((try row.uuid(9), try summary(row, error: 10))) }
            return found.sorted { $0.id > $1.id }
        }
    }

    /// How many executions a filter means, up to a limit.
    package func countExecutions(_ filter: ExecutionFilter, upTo limit: Int) async throws(StoreError)
        -> QueueFigures.Count
    {
        let search = try await search(filter, after: nil)
        let answers = try await pipeline(search.statements("select e.id", join: "", limit: limit, counts: true))
        let count = try decode { () throws(PostgresError) in
            var count = 0
            for rows in answers { count += Int(try rows.only().int64(0)) }
            return count
        }
        if count >= limit { return QueueFigures.Count(limit, isAtLeast: true) }
        return QueueFigures.Count(count, isAtLeast: try await searchBound(search) != nil)
    }

    private func search(_ filter: ExecutionFilter, after: ExecutionCursor?) async throws(StoreError) -> Search {
        var machine: Int32?
        if let name = filter.stateMachine { machine = try await machineID(of: name) }
        return Search(
            condition: filter.condition(machine: machine),
            name: filter.namePrefix,
            after: after?.startedBefore,
            depth: searchDepth(filter),
            buckets: settings.buckets
        )
    }

    /// Down to which execution a search has looked in all buckets; nil: it has looked at all of them.
    private func searchBound(_ search: Search) async throws(StoreError) -> PGUUID? {
        let answers = try await pipeline(search.bounds)
        return try decode { () throws(PostgresError) in
            var bound: PGUUID?
            for row in answers.joined() {
                let id = try row.uuid(0)
                bound = bound.map { max($0, id) } ?? id
            }
            return bound
        }
    }
}

/// A search in all buckets.
private struct Search {
    let condition: ExecutionFilter.Condition
    /// What names are to begin with.
    let name: String?
    let after: PGUUID?
    let depth: Int
    let buckets: Int32

    private var cursor: Int { condition.parameters.count + 2 }

    /// What a bucket is looked through, newest first.
    private var source: String {
        let indexed = condition.indexed.map { " and \($0)" }.joined()
        return """
            stepwell.executions e
            where e.bucket = $1\(indexed) and ($\(cursor)::uuid is null or e.id < $\(cursor))
            order by e.id desc
            """
    }

    /// - Parameter counts: only how many there are.
    func statements(_ columns: String, join: String, limit: Int, counts: Bool = false) -> [Statement] {
        // Those with the whole name are found by it.
        let others = name == nil || counts ? "" : " and e.name <> $\(cursor + 1)"
        let rows = """
            \(columns) from (select e.* from \(source) limit \(depth)) e \(join)
            where \(condition.scanned.joined(separator: " and "))\(others)
            order by e.id desc
            limit \(limit)
            """
        return all(counts ? "select count(*)::int8 from (\(rows)) r" : rows)
    }

    /// Those that have the whole name, which an index leads to.
    func exact(_ columns: String, join: String, limit: Int) -> [Statement] {
        all(
            """
            \(columns) from stepwell.executions e \(join)
            where e.bucket = $1 and e.machine = any (array(select x.id from stepwell.state_machines x))
              and e.name = $\(cursor + 1) and \(condition.text)
            order by e.id desc
            limit \(limit)
            """
        )
    }

    var bounds: [Statement] { all("select e.id from \(source) offset \(depth - 1) limit 1") }

    private func all(_ text: String) -> [Statement] {
        // Every bucket has the same text, and so the same plan.
        (0..<buckets)
            .map {
                Statement(text, [.int4($0)] + condition.parameters + [.uuid(after)] + (name.map { [.text($0)] } ?? []))
            }
    }
}
