import Foundation
import JSON
import Postgres

/// Starts executions by SQL, many in a transaction, as an application does that has many.
struct Starter {
    static let batch = 500

    let database: BenchDatabase
    let workload: Workload
    var input = Workload.input

    /// Starts so many executions, on two connections of its own.
    func start(_ count: Int) async throws {
        async let half: Void = startOnOneConnection(count / 2)
        try await startOnOneConnection(count - count / 2)
        try await half
    }

    private func startOnOneConnection(_ count: Int) async throws {
        let connection = try await Connection.connect(database.configuration, logger: .bench)
        let run = UInt64.random(in: 0...(.max))
        var started = 0
        while started < count {
            let size = min(Self.batch, count - started)
            let names = (started..<started + size).map { "\(run)-\($0)" }
            _ = try await connection.query(
                Statement(
                    "select count(*) from stepwell.start_executions($1, $2, $3)",
                    [.text(workload.machine), .jsonArray(names.map { _ in input }), .textArray(names)]
                )
            )
            started += size
        }
        await connection.close()
    }
}
