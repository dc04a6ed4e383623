import Postgres
import Synchronization

/// Many schedules, on several threads.
package struct Campaign: Sendable {
    /// What all of them came to.
    package struct Result: Sendable {
        package var schedules = 0
        package var executions = 0
        package var faults = 0
        package var jobs = 0
        /// How many broke a promise.
        package var failures = 0
    }

    private struct State: Sendable {
        var result = Result()
        var next = 0
    }

    private let firstSeed: UInt64
    private let count: Int
    private let threads: Int
    private let bug: PlantedBug?
    private let traces: Bool
    /// After so many failures it ends.
    private let failureLimit: Int

    package init(
        firstSeed: UInt64,
        count: Int,
        threads: Int,
        bug: PlantedBug? = nil,
        traces: Bool = false,
        failureLimit: Int = 10
    ) {
        self.firstSeed = firstSeed
        self.count = count
        self.threads = threads
        self.bug = bug
        self.traces = traces
        self.failureLimit = failureLimit
    }

    /// What the threads share.
    private final class Progress: Sendable {
        let state = Mutex(State())
    }

    /// Runs them all.
    ///
    /// - Parameter show: called with those that broke a promise, and with all when there are traces.
    package func run(_ show: @escaping @Sendable (ProtocolSimulation.Report) -> Void) async throws -> Result {
        let progress = Progress()
        try await withThrowingTaskGroup { group in
            for _ in 0..<min(threads, count) {
                group.addTask { try await onThread { try work(progress, show) } }
            }
            try await group.waitForAll()
        }
        return progress.state.withLock(\.result)
    }

    private func work(_ progress: Progress, _ show: (ProtocolSimulation.Report) -> Void) throws {
        let simulation = try ProtocolSimulation(bug: bug)
        while let number = progress.state.withLock({ take(from: &$0) }) {
            let report = simulation.run(seed: firstSeed &+ UInt64(number), traces: traces)
            progress.state.withLock { state in
                state.result.schedules += 1
                state.result.executions += report.executions
                state.result.faults += report.faults
                state.result.jobs += report.jobs
                if !report.violations.isEmpty { state.result.failures += 1 }
                if traces || !report.violations.isEmpty { show(report) }
            }
        }
    }

    private func take(from state: inout State) -> Int? {
        guard state.next < count, state.result.failures < failureLimit else { return nil }
        defer { state.next += 1 }
        return state.next
    }

    /// A schedule belongs to one thread.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let starts = startThread { continuation.resume(with: Swift.Result(catching: body)) }
            if !starts { continuation.resume(throwing: NoThread()) }
        }
    }

    /// The system has no thread to spare.
    private struct NoThread: Error {}
}
