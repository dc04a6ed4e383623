import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import PostgresTestSupport
import StatesLanguage
import Testing

@testable import Store

/// A fresh database with the schema, and a store on it.
struct StoreFixture {
    static let migrations = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/migrations"

    let store: Store
    let configuration: PostgresConfiguration
    let worker = PGUUID.v7(microseconds: 1)
    let lease: Duration = .seconds(10)

    init(buckets: Int32 = 2, connections: Int = 4) async throws {
        var logger = Logger(label: "test")
        // Some tests damage rows, and the store says so.
        logger.logLevel = .critical
        configuration = try await TestCluster.shared()
            .createDatabase("store, \(buckets) buckets") { [logger] model in
                _ = try await Store.migrate(model, directory: Self.migrations, buckets: buckets, logger: logger)
            }
        store = try await Store.open(configuration, poolSize: connections, patience: .seconds(120), logger: logger)
    }

    /// A database that has been there before.
    init(_ configuration: PostgresConfiguration, logger: Logger) async throws {
        self.configuration = configuration
        store = try await Store.open(configuration, poolSize: 4, logger: logger)
    }

    /// The database of another fixture, by the eyes of another user.
    init(_ other: StoreFixture, user: String) async throws {
        var configuration = other.configuration
        configuration["user"] = user
        self.configuration = configuration
        store = try await Store.open(configuration, poolSize: 4, logger: other.store.logger)
    }

    /// Deploys a machine whose definition is given as the inside of its `States`.
    func deploy(_ name: String, startAt: String, _ states: String, more: String = "") async throws {
        let definition = #"{"StartAt": "\#(startAt)", \#(more) "States": {\#(states)}}"#
        _ = try await store.deploy(name: name, definition: definition)
    }

    func start(_ machine: String, name: String? = nil, input: String = "{}") async throws -> StartedExecution {
        try await store.startExecution(stateMachine: machine, name: name, input: try JSONDocument(parsing: input))
    }

    /// Claims everything that is ready for these functions and for none, from all buckets.
    func claim(
        _ functions: [String] = [],
        limit: Int = 1000,
        worker: PGUUID? = nil,
        lease: Duration? = nil
    ) async throws -> [ClaimedStep] {
        var steps: [ClaimedStep] = []
        for bucket in 0..<store.settings.buckets {
            steps +=
                try await store.claim(
                    bucket: bucket,
                    functions: functions + [""],
                    limit: limit,
                    worker: worker ?? self.worker,
                    lease: lease ?? self.lease
                )
                .steps
        }
        return steps
    }

    func one(_ functions: [String] = [], lease: Duration? = nil) async throws -> ClaimedStep {
        let steps = try await claim(functions, lease: lease)
        return try #require(steps.count == 1 ? steps.first : nil, "claimed \(steps.count) steps")
    }

    func commit(_ commit: StepCommit, worker: PGUUID? = nil) async throws -> CommitResult {
        let outcome = try await store.commit(
            [commit],
            bucket: commit.lease.key.bucket,
            worker: worker ?? self.worker,
            lease: lease
        )
        return try #require(outcome.results.first)
    }

    func sql(_ text: String, _ parameters: [PostgresValue] = []) async throws -> Rows {
        try await store.pool.query(Statement(text, parameters))
    }

    /// The buffers that a query reads, the least of several times: now and then one also reads the catalogue, because
    /// statistics are new. More than five times, so that the plan that PostgreSQL keeps is made while the table is as small
    /// as it is then.
    func buffers(of query: String) async throws -> Int {
        var least = Int.max
        for _ in 0..<8 {
            let plan = try await sql("explain (analyze, buffers, format json) \(query)").only().text(0)
            let root = try JSONValue(parsing: plan)[0]?["Plan"]
            let read = ["Shared Hit Blocks", "Shared Read Blocks"].compactMap { root?[$0]?.number?.integer }
            least = min(least, Int(read.reduce(0, +)))
        }
        return least
    }

    func count(_ table: String) async throws -> Int {
        try await sql("select count(*)::int from stepwell.\(table)").only().int(0)
    }

    /// The types of an execution's events, in order.
    func eventTypes(_ execution: String) async throws -> [String] {
        try await store.history(execution).compactMap { $0.json["type"]?.string }
    }
}

/// What a step decides next, with the interpreter's own rules.
extension ClaimedStep {
    func decision(
        _ outcome: Outcome? = nil,
        from branch: Branch? = nil,
        limits: Limits = Limits(),
        tokens: TaskTokens? = nil
    ) -> Decision {
        var random = SystemRandomNumberGenerator()
        let issuer: TaskTokenIssuer = if let tokens { tokens.issuer(for: key) } else { { _ in "none" } }
        let interpreter = Interpreter(
            machine: revision.machine,
            execution: execution,
            limits: limits,
            taskToken: issuer
        )
        let now = Timestamp(microseconds: Int64(key.execution.high >> 16) * 1000 + 1000)
        if key.isTimer { return interpreter.timeOutExecution(lastEvent: .recorded(0), now: now) }
        return interpreter.advance(branch ?? self.branch, on: outcome ?? self.outcome, now: now, random: &random)
    }
}

extension CommitResult {
    var isRefused: Bool { if case .refused = self { true } else { false } }
    var isDeferred: Bool { if case .deferred = self { true } else { false } }
    var applied: (lease: StepLease, branch: Branch)? {
        guard case .applied(let lease, let decision, _) = self else { return nil }
        return (lease, decision.branch)
    }
}

/// A worker without processes, time or concurrency: it claims, calls closures, and commits until nothing is left to do.
struct ManualWorker {
    typealias Handler = @Sendable (JSONDocument) -> Outcome

    let fixture: StoreFixture
    var functions: [String: Handler] = [:]
    /// Whether a chain keeps its lease.
    var keepsLeases = true

    /// Works until nothing is due, for at most so many rounds.
    @discardableResult
    func run(rounds: Int = 100_000) async throws -> Int {
        var transitions = 0
        for _ in 0..<rounds {
            var didSomething = false
            for bucket in 0..<fixture.store.settings.buckets {
                if try await fixture.store.deliverOutbox(bucket: bucket) > 0 { didSomething = true }
            }
            for bucket in 0..<fixture.store.settings.buckets {
                let claim = try await fixture.store.claim(
                    bucket: bucket,
                    functions: Array(functions.keys) + [""],
                    limit: 1000,
                    worker: fixture.worker,
                    lease: fixture.lease
                )
                if claim.leasedCount > 0 { didSomething = true }
                for step in claim.steps { transitions += try await work(on: step) }
            }
            if !didSomething { return transitions }
        }
        Issue.record("still busy after \(rounds) rounds")
        return transitions
    }

    private func work(on step: ClaimedStep) async throws -> Int {
        var lease = step.lease
        var decision = step.decision(tokens: fixture.store.taskTokens)
        var transitions = 0
        while true {
            if case .invoke(let call) = decision.next, let handler = functions[call.function] {
                decision = step.decision(handler(call.input), from: decision.branch)
                continue
            }
            var keeps = false
            if case .proceed = decision.next { keeps = keepsLeases }
            let commit = StepCommit(lease: lease, revision: step.revision, decision: decision, keepsLease: keeps)
            var result = try await fixture.commit(commit)
            while result.isDeferred { result = try await fixture.commit(commit) }
            transitions += 1
            guard let applied = result.applied, keeps else { return transitions }
            lease = applied.lease
            decision = step.decision(.due, from: applied.branch)
        }
    }
}

extension StoreFixture {
    /// A listener that has begun to listen.
    func listen(_ channel: String) async throws -> ChannelReader {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return try await ChannelReader(TestNetwork.listening(configuration), channel: channel, logger: logger)
    }
}

/// Reads the notifications of one channel.
final class ChannelReader: Sendable {
    private let running: Task<Void, Never>
    private let payloads: AsyncStream<String>

    init(_ configuration: PostgresConfiguration, channel: String, logger: Logger) async throws {
        let listener = Listener(configuration, logger: logger)
        let events = try listener.events(on: [channel])
        running = Task { await listener.run() }
        let (payloads, continuation) = AsyncStream.makeStream(of: String.self)
        let (ready, begun) = AsyncStream.makeStream(of: Void.self)
        Task {
            for await event in events {
                switch event {
                case .resumed: begun.yield()
                case .notification(let notification): continuation.yield(notification.payload)
                }
            }
            continuation.finish()
        }
        self.payloads = payloads
        for await _ in ready { break }
    }

    func next() async -> String? {
        for await payload in payloads { return payload }
        return nil
    }

    func close() async {
        running.cancel()
        await running.value
    }
}
