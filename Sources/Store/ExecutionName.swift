import Postgres

/// An execution by the names that make up its ARN.
struct ExecutionName: Sendable, Hashable {
    let machine: String
    let name: String

    init(machine: String, name: String) {
        self.machine = machine
        self.name = name
    }

    /// - Parameter text: an ARN, or `MACHINE:NAME`. Names of express executions have a colon in them.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let names = parts.count >= 8 && parts[0] == "arn" ? parts[6...] : parts[...]
        guard let machine = names.first, names.count >= 2 else { return nil }
        self.machine = String(machine)
        name = names.dropFirst().joined(separator: ":")
    }
}

extension Store {
    /// Asks each bucket about those of the executions that it has, in one round trip for all.
    ///
    /// - Parameters:
    ///   - otherwise: the answer of what no row is about.
    ///   - statement: what to ask a bucket, and about which of the executions. The first column of each row says which one
    ///     of those it is about, counted from 1.
    /// - Returns: an answer for each, in their order.
    func ask<Answer>(
        about executions: [ExecutionName],
        otherwise: Answer,
        statement: (Int32, [Int]) -> Statement,
        read: (Row) throws(PostgresError) -> Answer
    ) async throws(StoreError) -> [Answer] {
        var places: [Int32: [Int]] = [:]
        for (place, execution) in executions.enumerated() {
            let bucket = Digest.bucket(machine: execution.machine, execution: execution.name, of: settings.buckets)
            places[bucket, default: []].append(place)
        }
        let buckets = places.sorted { $0.key < $1.key }
        let results = try await pipeline(buckets.map(statement))
        var answers = [Answer](repeating: otherwise, count: executions.count)
        for ((_, asked), rows) in zip(buckets, results) {
            for row in rows {
                let (place, answer) = try decode { () throws(PostgresError) in (try row.int(0), try read(row)) }
                if asked.indices.contains(place - 1) { answers[asked[place - 1]] = answer }
            }
        }
        return answers
    }
}
