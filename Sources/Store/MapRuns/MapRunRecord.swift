package import Expressions
package import Interpreter
package import Postgres

/// A map run in the hand of the process that holds the step of its Map: every write names both.
package struct HeldMapRun: Sendable {
    package var lease: StepLease
    package var id: PGUUID

    package init(lease: StepLease, id: PGUUID) {
        self.lease = lease
        self.id = id
    }

    /// The first parameters of the functions of a held run: bucket, execution, step, fence, run.
    var parameters: [PostgresValue] { lease.parameters + [.uuid(id)] }
}

extension StepLease {
    /// Bucket, execution, step, fence.
    var parameters: [PostgresValue] {
        [.int4(key.bucket), .uuid(key.execution), .int8(key.id), .int8(fence)]
    }
}

/// The status of a map run, with AWS's names.
package enum MapRunStatus: String, Sendable, CaseIterable {
    case running = "RUNNING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case aborted = "ABORTED"
}

/// How far a map run is: the row of `map_runs`.
package struct MapRunRecord: Sendable {
    package var status: MapRunStatus
    package var label: String
    package var maxConcurrency: Int?
    package var toleratedFailureCount: Int?
    package var toleratedFailurePercentage: Double?
    /// How many items there are; nil: they are still to be read.
    package var itemTotal: Int?
    /// The first item that no child has.
    package var nextItem: Int
    /// How many children there are.
    package var nextChild: Int
    package var startedAt: Timestamp
    package var stoppedAt: Timestamp?
    package var resultsWritten: Int
    package var redriveCount: Int
    package var redrivenAt: Timestamp?
    /// Why the run failed.
    package var failure: MapRunFailure?
    /// Whether children that did not succeed are still to be redriven.
    package var isRedriving: Bool

    static let columns = """
        r.status, r.label, r.max_concurrency, r.tolerated_count, r.tolerated_percentage, r.item_total, r.next_item,
        r.next_child, r.started_at, r.stopped_at, r.results_written, r.redrive_count, r.redriven_at, r.error, r.cause,
        r.redriving
        """

    init(_ row: Row) throws(PostgresError) {
        status = MapRunStatus(rawValue: try row.text(0)) ?? .running
        label = try row.text(1)
        maxConcurrency = try row.optionalInt(2)
        toleratedFailureCount = try row.optionalInt64(3).map { Int($0) }
        toleratedFailurePercentage = try row.optionalDouble(4)
        itemTotal = try row.optionalInt(5)
        nextItem = try row.int(6)
        nextChild = try row.int(7)
        startedAt = Timestamp(microseconds: try row.timestamp(8))
        stoppedAt = try row.optionalTimestamp(9).map(Timestamp.init(microseconds:))
        resultsWritten = Int(try row.int64(10))
        redriveCount = try row.int(11)
        redrivenAt = try row.optionalTimestamp(12).map(Timestamp.init(microseconds:))
        if let error = try row.optionalText(13) {
            failure = MapRunFailure(error: error, cause: try row.optionalText(14) ?? "")
        }
        isRedriving = try row.bool(15)
    }

    /// How many failures it tolerates now.
    package var tolerance: FailureTolerance {
        FailureTolerance(count: toleratedFailureCount, percentage: toleratedFailurePercentage)
    }
}

/// How far the children of a run are, in executions or in items.
package struct MapRunCounts: Sendable, Equatable {
    package var started = 0
    package var succeeded = 0
    package var failed = 0
    package var timedOut = 0
    package var aborted = 0
    /// Those that did not succeed and are still to be redriven: they have ended, and count as nothing else.
    package var pendingRedrive = 0

    package init() {}

    package var ended: Int { succeeded + failed + timedOut + aborted }
    package var unsuccessful: Int { failed + timedOut + aborted }
    package var running: Int { max(0, started - ended - pendingRedrive) }

    static func += (left: inout MapRunCounts, right: MapRunCounts) {
        left.started += right.started
        left.succeeded += right.succeeded
        left.failed += right.failed
        left.timedOut += right.timedOut
        left.aborted += right.aborted
        left.pendingRedrive += right.pendingRedrive
    }

    init(_ row: Row, from column: Int) throws(PostgresError) {
        started = Int(try row.int64(.index(column)))
        succeeded = Int(try row.int64(.index(column + 1)))
        failed = Int(try row.int64(.index(column + 2)))
        timedOut = Int(try row.int64(.index(column + 3)))
        aborted = Int(try row.int64(.index(column + 4)))
        pendingRedrive = Int(try row.int64(.index(column + 5)))
    }
}
