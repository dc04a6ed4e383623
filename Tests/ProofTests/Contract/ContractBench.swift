import Expressions
import Interpreter
import JSON
import Postgres
import Store

/// What a case of the contract works with: a store and two workers without processes.
struct ContractBench {
    static let machine = "Machine"

    let subject: any ContractSubject
    let worker = PGUUID(high: 1, low: 1)
    let other = PGUUID(high: 2, low: 2)
    let lease: Duration = .seconds(30)

    var store: any WorkerStore { subject.store }

    func expect(_ condition: Bool, _ promise: String) throws {
        guard condition else { throw ContractViolation(description: promise) }
    }

    func require<Value>(_ value: Value?, _ promise: String) throws -> Value {
        guard let value else { throw ContractViolation(description: promise) }
        return value
    }

    /// Deploys a machine whose states are given, and starts an execution `x` of it.
    func start(_ startAt: String, _ states: String, more: String = "", input: String = "{}") async throws {
        try await subject.deploy(Self.machine, #"{"StartAt": "\#(startAt)", \#(more) "States": {\#(states)}}"#)
        _ = try await subject.open(Self.machine, "x", input)
    }

    /// A state that calls a function.
    static func task(_ name: String, _ function: String, _ rest: String) -> String {
        #""\#(name)": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:\#(function)", \#(rest)}"#
    }

    /// Three tasks in a row, the first of which is ready.
    func startChain() async throws {
        try await start(
            "A",
            [
                Self.task("A", "a", #""Next": "B""#), Self.task("B", "a", #""Next": "C""#),
                Self.task("C", "a", #""End": true"#),
            ]
            .joined(separator: ", ")
        )
    }

    var execution: ContractExecution {
        get async throws { try await subject.execution(Self.machine, "x") }
    }

    // MARK: Claims

    func claim(
        _ functions: [String] = ["a"],
        limit: Int = 100,
        by claimant: PGUUID? = nil,
        lease: Duration? = nil
    ) async throws -> [ClaimedStep] {
        var steps: [ClaimedStep] = []
        for bucket in 0..<store.settings.buckets {
            let claim = try await store.claim(
                bucket: bucket,
                functions: functions + [""],
                limit: limit,
                worker: claimant ?? worker,
                lease: lease ?? self.lease,
                from: nil
            )
            steps += claim.steps
        }
        return steps.sorted { $0.key < $1.key }
    }

    func one(_ functions: [String] = ["a"], by claimant: PGUUID? = nil, lease: Duration? = nil) async throws
        -> ClaimedStep
    {
        let steps = try await claim(functions, by: claimant, lease: lease)
        try expect(steps.count == 1, "one step is to be claimed, not \(steps.count)")
        return steps[0]
    }

    func sweep() async throws {
        for bucket in 0..<store.settings.buckets { _ = try await store.sweep(bucket: bucket, limit: 100) }
    }

    // MARK: Decisions

    /// What the interpreter says, by the store's own clock.
    func decide(_ step: ClaimedStep, _ outcome: Outcome? = nil, from branch: Branch? = nil) async throws -> Decision {
        let interpreter = Interpreter(
            machine: step.revision.machine,
            execution: step.execution,
            taskToken: store.taskTokenIssuer(for: step.key)
        )
        let now = try await store.probe(functions: []).now
        if step.key.isTimer { return interpreter.timeOutExecution(lastEvent: step.branch.lastEvent, now: now) }
        var random = SystemRandomNumberGenerator()
        return interpreter.advance(branch ?? step.branch, on: outcome ?? step.outcome, now: now, random: &random)
    }

    /// The decision that follows the answer of a step's function.
    func reply(_ step: ClaimedStep, _ output: String, keepsLease: Bool = false) async throws -> StepCommit {
        let called = try await decide(step)
        let document = JSONDocument(try JSONValue(parsing: output))
        let decision = try await decide(step, .succeeded(document), from: called.branch)
        return StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: keepsLease)
    }

    func commit(_ step: ClaimedStep, _ decision: Decision, keepsLease: Bool = false) async throws -> CommitResult {
        try await send(
            StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: keepsLease)
        )
    }

    func send(_ commit: StepCommit, by sender: PGUUID? = nil) async throws -> CommitResult {
        try await send([commit], by: sender).results[0]
    }

    func send(_ commits: [StepCommit], by sender: PGUUID? = nil) async throws -> CommitOutcome {
        try await store.commit(
            commits,
            bucket: commits[0].lease.key.bucket,
            worker: sender ?? worker,
            lease: lease
        )
    }

    // MARK: Running to the end

    /// Works until nothing is due: functions reply with their input.
    func finish(_ functions: [String] = ["a"]) async throws {
        for _ in 0..<200 {
            var isBusy = false
            for bucket in 0..<store.settings.buckets {
                if try await store.deliverOutbox(bucket: bucket, limit: 100) > 0 { isBusy = true }
            }
            for step in try await claim(functions) {
                isBusy = true
                var decision = try await decide(step)
                if case .invoke(let call) = decision.next {
                    decision = try await decide(step, .succeeded(call.input), from: decision.branch)
                }
                for _ in 0..<3 {
                    if case .deferred = try await commit(step, decision) { continue }
                    break
                }
            }
            if !isBusy { return }
        }
        throw ContractViolation(description: "an execution runs to its end")
    }

    /// Nothing is left, and the history has no gaps and one end.
    func checkEnd(_ status: ExecutionStatus, of name: String = "x", machine: String = machine) async throws {
        let execution = try await subject.execution(machine, name)
        try expect(execution.status == status, "\(name) ends \(status.rawValue), not \(execution.status.rawValue)")
        let ids = execution.events.map(\.id)
        try expect(ids == Array(1...max(1, ids.count)), "event ids are 1…n, not \(ids)")
        let ends = execution.events.filter { $0.type.hasPrefix("Execution") && $0.type != "ExecutionStarted" }
        try expect(ends.count == 1, "there is one terminal event, not \(ends.count)")
        try expect(ends.last?.id == ids.last, "the terminal event is the last")
        try expect(execution.events.allSatisfy { $0.previous < $0.id }, "an event follows an earlier one")
    }
}

extension CommitResult {
    var applied: (lease: StepLease, branch: Branch)? {
        guard case .applied(let lease, let decision, _) = self else { return nil }
        return (lease, decision.branch)
    }

    var isRefused: Bool { if case .refused = self { true } else { false } }
    var isDeferred: Bool { if case .deferred = self { true } else { false } }
}

extension StepCommit {
    /// The same under a fence that is so much higher.
    func fenced(off difference: Int64) -> StepCommit {
        let lease = StepLease(key: lease.key, fence: lease.fence + difference)
        return StepCommit(lease: lease, revision: revision, decision: decision, keepsLease: keepsLease)
    }
}
