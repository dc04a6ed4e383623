import Expressions
import Interpreter
import JSON
import Postgres
import Store

/// What must hold after a schedule, whatever went wrong in it.
struct Checks {
    let world: World
    let references: References

    private var state: MemoryState { world.state }

    func run() {
        for execution in state.executions.values.sorted(by: { $0.id < $1.id }) {
            checkEnd(of: execution)
            checkHistory(of: execution)
        }
        for (name, ids) in world.witness.starts.sorted(by: { $0.key < $1.key }) {
            if ids.count > 1 { fail("I2 clients were told of \(ids.count) executions named \(name)") }
            let kept = state.executions.values.filter { $0.name == name && $0.parent == nil }
            if kept.isEmpty { fail("I1 the acknowledged start of \(name) is lost") }
            if kept.count > 1 { fail("I2 there are \(kept.count) executions named \(name)") }
        }
        var swept = state
        for bucket in 0..<state.settings.buckets { _ = swept.applyAnswers(bucket: bucket) }
        if !swept.answers.isEmpty { fail("I5 \(swept.answers.count) answers to tasks were left behind") }
        if !state.outbox.isEmpty { fail("I5 \(state.outbox.count) messages were left behind") }
        if !state.results.isEmpty { fail("I5 \(state.results.count) results of branches were left behind") }
    }

    private func fail(_ text: String) { world.witness.violation(text) }

    // MARK: Ends

    private func checkEnd(of execution: ExecutionRow) {
        let name = "\(execution.revision.machineName):\(execution.name)"
        guard execution.status != .running else {
            return fail("I5 \(name) has not ended: \(position(of: execution.id))")
        }
        if execution.status == .aborted, world.witness.stops.contains(execution.name) || execution.parent != nil {
            return
        }
        if world.witness.stops.contains(execution.name), execution.status == .aborted { return }
        let machine = ProofMachine.all.first { $0.name == execution.revision.machineName }
        guard let machine else { return fail("I1 \(name) is of no machine that was deployed") }
        if isPoisoned(execution) { return }
        let value = SimulatedHandlers.value(of: (try? execution.input.value()) ?? .null)
        let reference = references[machine.name, value]
        switch (machine.end, execution.status) {
        case (.mayTimeOut, .timedOut): return
        case (.succeeds, .succeeded), (.mayTimeOut, .succeeded):
            if execution.output?.text != reference.output?.text {
                fail(
                    "I9 \(name) ended with \(execution.output?.text ?? "nothing"), not \(reference.output?.text ?? "-")"
                )
            }
        case (.fails(let error), .failed):
            if execution.error != error { fail("I9 \(name) failed with \(execution.error ?? "nothing"), not \(error)") }
        default: return fail("I9 \(name) ended \(execution.status.rawValue), \(execution.error ?? "without an error")")
        }
        guard machine.hasFixedEvents, execution.status == .succeeded || execution.status == .failed else { return }
        let events = (state.history[execution.id] ?? []).flatMap(\.events).map(\.type.rawValue).sorted()
        if events != reference.events {
            fail("I3 I10 \(name) has other events than an undisturbed run: \(difference(events, reference.events))")
        }
    }

    private func position(of execution: PGUUID) -> String {
        state.steps(of: execution).compactMap { state.steps[$0] }
            .map { "step \($0.key.id) \($0.status) in \($0.branch.state) (\($0.branch.phase)), fence \($0.fence)" }
            .joined(separator: "; ")
    }

    private func difference(_ events: [String], _ expected: [String]) -> String {
        var counts: [String: Int] = [:]
        for event in events { counts[event, default: 0] += 1 }
        for event in expected { counts[event, default: 0] -= 1 }
        return counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }

    /// Whether a step of it, or of an execution that it waited for, was failed because it ended its worker too often.
    private func isPoisoned(_ execution: ExecutionRow) -> Bool {
        let related = state.executions.values.filter {
            $0.id == execution.id || $0.parent?.key.execution == execution.id
        }
        return related.contains { row in
            (state.history[row.id] ?? []).contains { $0.events.contains(where: \.tellsOfLostWorkers) }
        }
    }

    // MARK: Histories

    private func checkHistory(of execution: ExecutionRow) {
        let name = "\(execution.revision.machineName):\(execution.name)"
        var next = 2
        var successors: [Int: Int] = [:]
        var seen: Set<Int> = []
        var entered: [Int: Timestamp] = [:]
        let rows = (state.history[execution.id] ?? []).sorted { $0.first < $1.first }
        checkForks(in: rows, name)
        for row in rows {
            if row.first != next { fail("I4 \(name): event \(row.first) follows \(next - 1)") }
            for (place, event) in row.events.enumerated() {
                let id = row.first + place
                let previous = StepRow.id(event.previous.recorded(from: row.first))
                if previous >= id { fail("I4 \(name): event \(id) names \(previous) as the one before") }
                if event.type.isFollowedOnce || event.type.isEndOfWork { entered[id] = event.timestamp }
                if event.type.isEndOfWork {
                    successors[previous, default: 0] += 1
                    if successors[previous, default: 0] > 1 { fail("I3 \(name): event \(previous) has two ends") }
                }
                if event.type == .waitStateEntered { entered[id] = event.timestamp }
                check(event, run: event.run, of: execution, name, &seen)
                checkTime(of: event, previous: previous, entered: entered, at: row.at, name)
                let isLast = row.first == rows.last?.first && place == row.events.count - 1
                if event.type.isTerminal != isLast, execution.status != .running {
                    fail("I4 \(name): event \(id) of \(rows.last?.first ?? 0) is \(event.type.rawValue)")
                }
            }
            next = row.first + row.events.count
        }
        if execution.status != .running, execution.lastEvent != next - 1 {
            fail("I4 \(name) says \(execution.lastEvent ?? 0) events and has \(next - 1)")
        }
    }

    private func check(
        _ event: HistoryEvent,
        run: Int?,
        of execution: ExecutionRow,
        _ name: String,
        _ seen: inout Set<Int>
    ) {
        if event.type == .lambdaFunctionSucceeded {
            guard let run, world.witness.runs.indices.contains(run) else {
                return fail("I6 \(name) has a result that no handler gave")
            }
            let record = world.witness.runs[run]
            if !record.hasAnswered || !record.key.hasPrefix("\(execution.id)-") {
                fail("I6 \(name) has a result of a handler that did not give it")
            }
            if !seen.insert(run).inserted { fail("I3 \(name) has the same result twice") }
        }
        if event.tellsOfLostWorkers {
            if !world.witness.mayBePoisoned(execution.id) {
                fail("I10 \(name): a step was failed as poison that had not ended its worker three times")
            }
        }
    }

    /// A branch that goes on after its fork has ended would be somebody's whose step was taken away. No machine here has a
    /// fork within a fork.
    private func checkForks(in rows: [HistoryRow], _ name: String) {
        var open: Int64?
        for row in rows {
            if row.step > 1, row.step >> 32 != open { fail("I3 \(name): a branch went on after its fork had ended") }
            for (place, event) in row.events.enumerated() {
                if event.type.beginsFork { open = Int64(row.first + place) }
                if event.type.endsFork { open = nil }
            }
        }
    }

    private func checkTime(
        of event: HistoryEvent,
        previous: Int,
        entered: [Int: Timestamp],
        at time: Timestamp,
        _ name: String
    ) {
        guard event.type == .waitStateExited, let since = entered[previous] else { return }
        let seconds: Int64 = event.details.contains { $0.value == .string("W2") } ? 1 : 2
        if time < since.adding(seconds: seconds), !world.hasGoneBack {
            fail(
                "I11 \(name): a wait was over \(since.adding(seconds: seconds).microseconds - time.microseconds) µs early"
            )
        }
    }
}

extension HistoryEvent {
    /// Whether the protocol failed a step because it ended its worker too often.
    fileprivate var tellsOfLostWorkers: Bool {
        type == .lambdaFunctionFailed && details.contains { $0.value == .string(MemoryState.lossError) }
    }
}

extension EventType {
    fileprivate var isTerminal: Bool {
        [.executionSucceeded, .executionFailed, .executionTimedOut, .executionAborted].contains(self)
    }

    /// Whether it ends a piece of work that ends once.
    fileprivate var isEndOfWork: Bool {
        [
            .lambdaFunctionSucceeded, .lambdaFunctionFailed, .lambdaFunctionTimedOut, .waitStateExited,
        ]
        .contains(self)
    }

    fileprivate var beginsFork: Bool { [.parallelStateStarted, .mapStateStarted].contains(self) }

    fileprivate var endsFork: Bool {
        [.parallelStateSucceeded, .parallelStateFailed, .mapStateSucceeded, .mapStateFailed].contains(self)
    }

    fileprivate var isFollowedOnce: Bool {
        [.lambdaFunctionStarted, .lambdaFunctionScheduled, .waitStateEntered].contains(self)
    }
}

/// References that have been computed before.
final class References {
    private let revisions: [Revision]
    private var known: [String: Reference] = [:]

    init(_ revisions: [Revision]) { self.revisions = revisions }

    subscript(machine: String, value: Int) -> Reference {
        if let reference = known["\(machine) \(value)"] { return reference }
        let reference = Reference(of: machine, value: value, revisions: revisions)
        known["\(machine) \(value)"] = reference
        return reference
    }
}
