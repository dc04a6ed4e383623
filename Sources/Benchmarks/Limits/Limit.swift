import Postgres

/// The same work as the engine's, by batched SQL from two connections: no engine can be faster on this machine.
enum Limit: CaseIterable {
    /// The engine's rows, under its locks and fences.
    case sameRows
    /// A lease that is kept, a row moved on, packed events; nobody checks who writes.
    case bareBound

    static let batch = 500

    var name: String {
        switch self {
        case .sameRows: "same rows"
        case .bareBound: "bare bound"
        }
    }

    static func prepare(_ database: BenchDatabase) async throws {
        for statement in LimitSchema.statements { try await database.sql(statement) }
    }

    /// Starts, claims and takes so many executions to their end.
    func run(_ executions: Int, recorded: RecordedRows, in database: BenchDatabase) async throws -> Usage {
        try await database.settle()
        let meter = Meter(database: database)
        let counters = try await meter.counters()
        let start = try await meter.mark()
        try await withThrowingTaskGroup { group in
            for half in 0..<2 {
                group.addTask {
                    let connection = try await Connection.connect(database.configuration, logger: .bench)
                    var done = 0
                    while done < executions / 2 {
                        let size = min(Self.batch, executions / 2 - done)
                        try await run(LimitBatch(size, bucket: Int32(half), recorded), on: connection)
                        done += size
                    }
                    await connection.close()
                }
            }
            try await group.waitForAll()
        }
        let end = try await meter.mark()
        return Usage(count: executions / 2 * 2, from: start, to: end, counters, try await meter.counters())
    }

    /// Every statement is a transaction: a claim, and one transition for each step.
    private func run(_ batch: LimitBatch, on connection: Connection) async throws {
        for statement in self == .sameRows ? batch.sameRows : batch.bareBound {
            _ = try await connection.query(statement)
        }
    }
}
