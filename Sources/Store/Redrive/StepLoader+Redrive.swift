import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage

/// The steps of redriven executions: where they stand is read from the history when they are claimed.
extension StepLoader {
    /// The phase of a step whose branch is still to be put where it stood.
    static let redriven = "redriven"

    /// Whether this version can run a step in a phase.
    static func knows(phase: String) -> Bool { phase == redriven || Branch.Phase(rawValue: phase) != nil }

    /// What became of a redriven branch.
    enum Resumption {
        /// It stands where it stood.
        case step(ClaimedStep)
        /// It stands among branches of its own, which are ready now; or it is gone.
        case none
        /// What stopped it has not come to its end.
        case tooEarly
    }

    /// Puts a redriven branch where it stood.
    func resume(_ row: ClaimRow, revision: Revision) async throws(StoreError) -> Resumption {
        guard let step = try step(row, revision: revision, phase: .retrying) else { return .none }
        let interpreter = Interpreter(machine: revision.machine, execution: step.execution, limits: store.limits)
        let standings = try await store.standings(of: row.key, in: revision.machine)
        if row.key.id == 0, let branches = ResumedBranches(standings, root: row, interpreter: interpreter) {
            _ = try await store.query(branches.statement)
            return .none
        }
        guard let standing = standings.branches[row.key.id] else {
            // It was over before it had begun.
            var branch = step.branch
            branch.phase = .fresh
            return .step(step.standing(at: branch))
        }
        var branch = Standings.branch(
            standing,
            outer: step.branch.outerVariables,
            item: step.branch.item,
            entry: row.entry,
            lastEvent: row.lastEvent
        )
        if standing.phase == .retrying, let run = standing.mapRun {
            guard try await reopen(run, for: step.lease, at: &branch, interpreter: interpreter) else {
                return .tooEarly
            }
        }
        return .step(step.standing(at: branch))
    }

    /// Lets the map run of a distributed Map go on; where there is nothing to go on with, the Map begins another one.
    ///
    /// - Returns: whether its children have come to rest.
    private func reopen(
        _ arn: String,
        for lease: StepLease,
        at branch: inout Branch,
        interpreter: Interpreter
    ) async throws(StoreError) -> Bool {
        // What the run was asked for is not on record, but what that was made of is.
        var random = SystemRandomNumberGenerator()
        let decision = interpreter.advance(branch, on: .due, now: branch.enteredAt, random: &random)
        guard case .runMap = decision.next, var run = decision.branch.taskInput.flatMap(MapRun.init),
            let name = arn.split(separator: ":").last, let id = PGUUID(String(name)),
            try await store.hasUnfinishedChildren(mapRun: id, bucket: bucket)
        else { return true }
        let rows = try await store.query(
            Statement(
                "select stepwell.reopen_map_run($1, $2, $3, $4, $5)",
                HeldMapRun(lease: lease, id: id).parameters
            )
        )
        guard let count = try store.decode({ () throws(PostgresError) in try rows.only().optionalInt(0) }) else {
            return true
        }
        guard count >= 0 else { return false }
        run.id = id.description
        run.arn = arn
        branch.phase = .mapping
        branch.taskInput = run.document
        branch.events = [
            HistoryEvent(
                type: .mapRunRedriven,
                previous: branch.lastEvent,
                timestamp: now,
                details: [.init("mapRunArn", .string(arn)), .init("redriveCount", .integer(count))]
            )
        ]
        branch.lastEvent = .pending(0)
        return true
    }
}
