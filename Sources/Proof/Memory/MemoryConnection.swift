package import Expressions
package import Interpreter
import JSON
package import Postgres
package import Store

/// A way to an in-memory store. One call is one round trip and one transaction.
package protocol MemoryConnection: WorkerStore {
    /// The bug that clients of this store have, if it is one of theirs.
    var bug: PlantedBug? { get }

    func call<Answer: Sendable>(
        _ body: @escaping @Sendable (inout MemoryState) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer
}

extension MemoryConnection {
    package func taskTokenIssuer(for key: StepKey) -> TaskTokenIssuer { { MemoryState.token($0, of: key) } }

    // MARK: Workers

    package func register(_ worker: WorkerRecord) async throws(StoreError) -> PGUUID? {
        try await call { $0.register(worker) }
    }

    package func heartbeat(_ worker: WorkerRecord) async throws(StoreError) {
        try await call { $0.heartbeat(worker) }
    }

    package func releaseWorker(_ instance: PGUUID) async throws(StoreError) -> Int {
        try await call { $0.releaseWorker(instance) }
    }

    package func notifyWork(buckets: [Int32], from worker: PGUUID) async {
        guard !buckets.isEmpty else { return }
        // A lost hint costs a poll interval, nothing else.
        _ = try? await call { $0.notifyWork(in: buckets, from: worker) }
    }

    package func notifyWorkers(_ instances: [PGUUID]) async {
        guard !instances.isEmpty else { return }
        _ = try? await call { $0.notifyWorkers(instances) }
    }

    // MARK: Steps

    package func probe(functions: [String]) async throws(StoreError) -> Probe {
        try await call { $0.probe(functions: functions) }
    }

    package func claim(
        bucket: Int32,
        functions: [String],
        limit: Int,
        worker: PGUUID,
        lease: Duration,
        from: Timestamp?
    ) async throws(StoreError) -> Claim {
        try await call {
            $0.claim(bucket: bucket, functions: functions, limit: limit, worker: worker, lease: lease, from: from)
        }
    }

    package func commit(
        _ commits: [StepCommit],
        bucket: Int32,
        worker: PGUUID,
        lease: Duration
    ) async throws(StoreError) -> CommitOutcome {
        try await call { $0.commit(commits, worker: worker, lease: lease) }
    }

    package func extend(
        _ leases: [StepLease],
        bucket: Int32,
        lease: Duration
    ) async throws(StoreError) -> Set<StepKey> {
        try await call { $0.extend(leases, lease: lease) }
    }

    package func release(
        _ leases: [StepLease],
        bucket: Int32,
        worker: PGUUID,
        delay: Duration
    ) async throws(StoreError) -> Int {
        try await call { $0.release(leases, worker: worker, delay: delay) }
    }

    package func startSuspect(_ lease: StepLease) async throws(StoreError) -> Bool {
        try await call { $0.startSuspect(lease) }
    }

    // MARK: What belongs to nobody in particular

    package func sweep(bucket: Int32, limit: Int) async throws(StoreError) -> Int {
        try await call { $0.sweep(bucket: bucket, limit: limit) }
    }

    package func applyAnswers(bucket: Int32) async throws(StoreError) -> Int {
        try await call { $0.applyAnswers(bucket: bucket) }
    }

    package func stopChildren(of execution: PGUUID, bucket: Int32) async throws(StoreError) {
        try await call { $0.stopChildren(of: execution, bucket: bucket) }
    }

    package func raiseLowWater(functions: [String]) async throws(StoreError) {
        // Memory keeps nothing that is over.
    }

    package func createPartitions() async throws(StoreError) {
        // Memory has room for what the coming weeks bring.
    }

    package func timeOutOldExecutions() async throws(StoreError) {
        // No schedule lasts a year.
    }

    // MARK: What steps can ask for

    package func hasActivity(_ name: String) async throws(StoreError) -> Bool { false }

    package func wakeActivity(_ name: String) async {
        // There are no activities.
    }

    package func offerServices(_ names: [String]) async throws(StoreError) {
        // Workers in here call none.
    }

    package func offeredServices() async throws(StoreError) -> Set<String> { [] }
}

// MARK: Messages

extension MemoryConnection {
    /// As in PostgreSQL, each message takes several transactions, and after each of them the process may be gone.
    package func deliverOutbox(bucket: Int32, limit: Int) async throws(StoreError) -> Int {
        let messages = try await call { $0.takeMessages(bucket: bucket, limit: limit) }
        for message in messages {
            switch message.kind {
            case .start(let machine, let name, let isAwaited):
                try await start(machine, name, isAwaited: isAwaited, for: message)
            case .result: try await deliverResult(message)
            case .stop:
                for orphan in try await call({ $0.orphans(of: message.step.execution) }) {
                    try await call { $0.stop(orphan) }
                }
                try await call { $0.forget(message.id) }
            }
        }
        return messages.count
    }

    private func start(
        _ machine: String,
        _ name: String,
        isAwaited: Bool,
        for message: OutboxRow
    ) async throws(StoreError) {
        if let input = try await call({ $0.childInput(message) }) {
            let parent = isAwaited ? ExecutionRow.Parent(key: message.step, event: message.event) : nil
            var answer: Outcome
            do throws(StoreError) {
                let opened = try await call { (state) throws(StoreError) in
                    try state.open(machine: machine, name: name, input: input, parent: parent)
                }
                let response = JSONDocument(.object(["ExecutionArn": .string(opened.arn)]))
                answer = isAwaited ? .submitted(response) : .succeeded(response)
                if opened.outcome == .conflict {
                    answer = .failed(error: "StepFunctions.ExecutionAlreadyExistsException", cause: opened.arn)
                }
            } catch .stateMachineDoesNotExist(let text) {
                answer = .failed(error: "StepFunctions.StateMachineDoesNotExistException", cause: text)
            }
            _ = try await call { [answer] in $0.deliver(answer, to: message, phase: .starting) }
        }
        try await call { $0.forget(message.id) }
    }

    private func deliverResult(_ message: OutboxRow) async throws(StoreError) {
        if let outcome = try await call({ $0.outcome(ofChild: message.id) }) {
            let delivery = try await call { $0.deliver(outcome, to: message, phase: .submitted) }
            if delivery == .early {
                try await call { $0.putOff(message.id, until: $0.later(.milliseconds(100))) }
                return
            }
        }
        try await call { $0.forget(message.id) }
    }
}
