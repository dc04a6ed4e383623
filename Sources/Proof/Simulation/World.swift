import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import Simulation
import Stepwell
import Store

/// One schedule: a database, workers and clients, and what goes wrong between them.
///
/// `@unchecked Sendable`: only its scheduler's thread uses it.
final class World: @unchecked Sendable {
    /// What the database's clock shows when a schedule begins.
    private static let beginning = Timestamp(microseconds: 1_750_000_000_000_000)

    let scheduler: Scheduler
    let settings: Settings
    let bug: PlantedBug?
    let facilities: WorkerFacilities
    var state: MemoryState
    var network: SimulatedNetwork
    /// Whether notifications reach anybody.
    var notifies = true
    /// Whether nothing goes wrong any more.
    var isCalm = false
    /// How far the database's clock has jumped.
    var clockJump: Duration = .zero {
        didSet { hasGoneBack = hasGoneBack || clockJump < oldValue }
    }
    /// Whether the database's clock has jumped back: then times that were right when they were read are early.
    private(set) var hasGoneBack = false
    /// Until when the database is away.
    var awayUntil: Duration = .zero
    var workers: [SimulatedWorker] = []
    let client: SimulatedProcess
    /// Outside of the protocol: who was granted which step last, which handlers ran, what clients were told.
    var witness = Witness()
    /// What happened, for people; nil: nobody wants to know.
    var trace: [String]?

    init(seed: UInt64, settings: Settings, revisions: [Revision], facilities: WorkerFacilities, bug: PlantedBug?) {
        scheduler = Scheduler(seed: seed)
        self.settings = settings
        self.facilities = facilities
        self.bug = bug
        state = MemoryState(settings: settings, now: Self.beginning, seed: seed &+ 1, bug: bug)
        for revision in revisions { state.deploy(revision) }
        network = SimulatedNetwork(loss: 0, delay: 0)
        client = SimulatedProcess("client", scheduler: scheduler)
    }

    /// What the database's clock shows.
    var databaseTime: Timestamp {
        let (seconds, attoseconds) = (scheduler.elapsed + clockJump).components
        return Timestamp(
            microseconds: Self.beginning.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        )
    }

    /// Does one transaction.
    ///
    /// - Returns: nil: the database is away.
    func perform<Answer>(
        _ body: (inout MemoryState) throws(StoreError) -> Answer,
        for process: SimulatedProcess
    ) -> Result<Answer, StoreError>? {
        guard scheduler.elapsed >= awayUntil else { return nil }
        state.now = databaseTime
        state.clientTime = databaseTime.adding(seconds: Int64(process.wallClockError))
        let result: Result<Answer, StoreError>
        do throws(StoreError) {
            result = .success(try body(&state))
        } catch {
            result = .failure(error)
        }
        for notification in state.takeNotifications() { send(notification) }
        return result
    }

    private func send(_ notification: MemoryNotification) {
        guard notifies, !scheduler.happens(network.loss * 2) else { return }
        scheduler.after(scheduler.duration(100...3000)) { [self] in
            for worker in workers { worker.hear(notification) }
        }
    }

    func note(_ text: @autoclosure () -> String) {
        guard trace != nil else { return }
        trace?.append("\(scheduler.elapsed)  \(text())")
    }

    /// Decisions are about to be written.
    func watch(_ commits: [StepCommit], _ verdicts: [MemoryState.Verdict], of process: SimulatedProcess) {
        for (commit, verdict) in zip(commits, verdicts) {
            note("\(process.name) commits \(commit.lease.key.id) at fence \(commit.lease.fence): \(verdict)")
            guard verdict == .valid else { continue }
            witness.accepted(commit, of: process)
            if clockJump == .zero { witness.checkTime(of: commit, now: databaseTime) }
        }
    }

    /// Nothing is left that anybody would still have to do.
    var isSettled: Bool {
        state.heads.isEmpty && state.outbox.isEmpty && state.steps.isEmpty
    }

    /// A handler begins to run.
    func beginRun(of function: String, _ key: String, on process: SimulatedProcess) -> Int {
        // Where the database's clock jumps, leases end when nobody could foresee it.
        note("\(process.name) runs \(function) for \(key)")
        if clockJump == .zero {
            witness.checkAlone(key, at: scheduler.elapsed)
            if let worker = workers.first(where: { $0.process === process }) {
                let leaseAgo = state.time(.zero - worker.lease, after: databaseTime)
                witness.checkCompany(of: key, on: process, claimedBefore: leaseAgo)
            }
        }
        return witness.begin(function, key, on: process, at: scheduler.elapsed)
    }

    /// A handler traps. Somebody starts the process again, as systemd does.
    func endsItsProcess(_ process: SimulatedProcess) {
        guard let worker = workers.first(where: { $0.process === process }) else { return }
        note("a handler ends \(process.name)")
        worker.kill()
        scheduler.after(.milliseconds(500)) { worker.begin() }
    }

    /// Ends everything, so that no task stays behind.
    func close() {
        for worker in workers { worker.kill() }
        client.die()
        _ = scheduler.run { scheduler.isBusy }
    }
}
