import JSON
import Logging
import Postgres
import Stepwell
import Store

/// Runs schedules: workers as they are, on an in-memory store of the same contract, with everything that can go wrong.
///
/// It belongs to one thread. The same seed makes the same schedule, in every process.
package final class ProtocolSimulation {
    /// What a schedule came to.
    package struct Report: Sendable {
        package var seed: UInt64
        /// Promises that were broken, in words.
        package var violations: [String]
        /// How many jobs ran, and how much time passed in there.
        package var jobs: Int
        package var elapsed: Duration
        package var executions: Int
        package var faults: Int
        /// Tells schedules apart: two runs of a seed have the same.
        package var fingerprint: UInt64
        package var trace: [String]
    }

    private let bug: PlantedBug?
    private let revisions: [Revision]
    private let references: References
    private let facilities: WorkerFacilities

    /// - Parameter bug: what is wrong with the protocol; nil: nothing, one hopes.
    package init(bug: PlantedBug? = nil) throws {
        self.bug = bug
        let settings = Settings(buckets: 2)
        revisions = try ProofMachine.revisions(settings: settings)
        references = References(revisions)
        // Nothing in a schedule needs it, so that it never connects.
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        let pool = Pool(try PostgresConfiguration("host=/nowhere"), logger: logger)
        let store = Store(pool: pool, settings: settings, taskTokens: TaskTokens(), logger: logger)
        facilities = try WorkerFacilities(postgres: store, transactions: pool)
    }

    /// Runs one schedule.
    ///
    /// - Parameter traces: whether to say what happened.
    package func run(seed: UInt64, traces: Bool = false) -> Report {
        let settings = Settings(buckets: 1 + Int32(seed % 2))
        let world = World(seed: seed, settings: settings, revisions: revisions, facilities: facilities, bug: bug)
        if traces { world.trace = [] }
        var schedule = Schedule(world: world)
        schedule.prepare()
        let settled = schedule.run()
        if !settled { world.witness.violation("I5 not everything has ended when nothing goes wrong any more") }
        Checks(world: world, references: references).run()
        let report = Report(
            seed: seed,
            violations: world.witness.violations,
            jobs: world.scheduler.jobCount,
            elapsed: world.scheduler.elapsed,
            executions: world.state.executions.count,
            faults: schedule.faultCount,
            fingerprint: world.fingerprint,
            trace: world.trace ?? []
        )
        world.close()
        return report
    }
}
