import Expressions
import Interpreter
import JSON
import Postgres
import Store

/// What really happened, noted outside of the protocol that is to be proven.
struct Witness {
    /// A handler's run.
    struct Run {
        let function: String
        /// The idempotency key that it saw.
        let key: String
        /// Which grant of the step it ran under.
        let grant: Int?
        let process: SimulatedProcess
        let beganAt: Duration
        var hasAnswered = false
        var hasEnded = false
    }

    private struct Grant {
        var number: Int
        var process: ObjectIdentifier
        var at: Timestamp
    }

    /// What broke a promise, in words.
    private(set) var violations: [String] = []
    private(set) var runs: [Run] = []
    private var grants: [String: Grant] = [:]
    private var grantCount = 0
    /// What clients were told of the executions that they started, by name.
    var starts: [String: Set<PGUUID>] = [:]
    /// Executions that clients stopped.
    var stops: Set<String> = []

    mutating func violation(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }

    // MARK: Handlers

    mutating func begin(_ function: String, _ key: String, on process: SimulatedProcess, at time: Duration) -> Int {
        let grant = grants[Self.step(of: key)].flatMap { $0.process == ObjectIdentifier(process) ? $0.number : nil }
        runs.append(Run(function: function, key: key, grant: grant, process: process, beganAt: time))
        return runs.count - 1
    }

    mutating func answered(_ run: Int) { runs[run].hasAnswered = true }

    mutating func ended(_ run: Int) { runs[run].hasEnded = true }

    /// Handlers of one step run one after the other: a worker cancels its own before the lease ends, if it can.
    mutating func checkAlone(_ key: String, at time: Duration) {
        for run in runs where run.key == key && !run.hasEnded {
            let couldNot =
                run.process.isDead || run.process.isFrozen || run.process.thawedAt.map { $0 >= run.beganAt } ?? false
            if !couldNot { violation("I7 a handler of \(key) begins although another one runs on \(run.process.name)") }
        }
    }

    /// Nothing runs beside a step that was lost again as a suspect, but steps that were claimed more than a lease ago.
    ///
    /// - Parameter time: a lease ago.
    mutating func checkCompany(of key: String, on process: SimulatedProcess, claimedBefore time: Timestamp) {
        let step = Self.step(of: key)
        let runsAlone = alone[step] == ObjectIdentifier(process)
        for run in runs where run.process === process && !run.hasEnded {
            let other = Self.step(of: run.key)
            guard other != step else { continue }
            let isOld = grants[other].map { $0.at <= time } ?? true
            if alone[other] == ObjectIdentifier(process) || runsAlone && !isOld {
                violation("a handler of \(key) begins beside one of \(run.key), and one of them is to run alone")
            }
        }
    }

    private static func step(of key: String) -> String { key.lastIndex(of: "-").map { String(key[..<$0]) } ?? key }

    /// How often a handler has begun during one stay in a state.
    func runs(of key: String) -> Int { runs.reduce(0) { $0 + ($1.key == key ? 1 : 0) } }

    // MARK: Suspects

    /// The fences under which a step's holder has said that its handler begins now.
    private var suspects: [String: Set<Int64>] = [:]
    /// Where steps run that were lost again as suspects.
    private var alone: [String: ObjectIdentifier] = [:]

    mutating func suspectStarts(_ lease: StepLease, on process: SimulatedProcess, losses: Int) {
        let step = Self.text(lease.key)
        suspects[step, default: []].insert(lease.fence)
        alone[step] = losses > 0 ? ObjectIdentifier(process) : nil
    }

    /// Whether a step of an execution has ended its worker often enough to be failed for it: as far as the database can
    /// tell, the handler runs from the moment at which its start is on record.
    func mayBePoisoned(_ execution: PGUUID) -> Bool {
        suspects.contains { $0.key.hasPrefix("\(execution)-") && $0.value.count >= MemoryState.lossLimit }
    }

    // MARK: Grants

    private static func text(_ key: StepKey) -> String { "\(key.execution)-\(key.id)" }

    /// A claim has given a step to a process.
    mutating func granted(_ key: StepKey, to process: SimulatedProcess, at time: Timestamp) {
        grantCount += 1
        alone[Self.text(key)] = nil
        grants[Self.text(key)] = Grant(number: grantCount, process: ObjectIdentifier(process), at: time)
    }

    /// Events bear times between the grant of their step and the commit, by the database's clock.
    mutating func checkTime(of commit: StepCommit, now: Timestamp) {
        guard let grant = grants[Self.text(commit.lease.key)] else { return }
        for event in commit.decision.branch.events where event.timestamp < grant.at || event.timestamp > now {
            violation("I11 \(event.type.rawValue) of \(Self.text(commit.lease.key)) was not when it says it was")
        }
    }

    /// A decision is about to be written: only whoever was granted the step last may make one, and with the result of a
    /// run that began after that.
    mutating func accepted(_ commit: StepCommit, of process: SimulatedProcess) {
        let key = Self.text(commit.lease.key)
        guard let grant = grants[key] else { return violation("I7 a decision about \(key), which nobody was granted") }
        if grant.process != ObjectIdentifier(process) {
            violation("I7 \(process.name)'s decision about \(key) was accepted although another process has the step")
        }
        for event in commit.decision.branch.events {
            guard let number = event.run, runs.indices.contains(number) else { continue }
            if runs[number].grant != grant.number {
                violation("I7 a result for \(key) was accepted from a run that began under an earlier lease")
            }
        }
    }
}

extension HistoryEvent {
    /// The number of the handler's run whose result the event tells.
    var run: Int? {
        guard type == .lambdaFunctionSucceeded else { return nil }
        for detail in details {
            if case .payload(let output) = detail.value, let run = try? output.value()["run"]?.number?.integer {
                return Int(run)
            }
        }
        return nil
    }
}
