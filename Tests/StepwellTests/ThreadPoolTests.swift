import Foundation
import Testing

@testable import Stepwell

@Suite(.timeLimit(.minutes(1))) struct ThreadPoolTests {
    /// A job that keeps its thread until it is let go.
    private struct Blocker {
        private let begun = DispatchSemaphore(value: 0)
        private let end = DispatchSemaphore(value: 0)

        init(on queue: any TaskExecutor) {
            Task(executorPreference: queue) { [self] in run() }
        }

        private func run() {
            begun.signal()
            end.wait()
        }

        func hasBegun() { begun.wait() }

        func letGo() { end.signal() }
    }

    private func thread(on queue: any TaskExecutor) async -> pthread_t {
        await Task(executorPreference: queue) { pthread_self() }.value
    }

    @Test func whatWaitsForALongJobIsTakenOver() async {
        let pool = ThreadPool(threads: 2)
        let blocker = Blocker(on: pool.queue(0))
        blocker.hasBegun()
        let other = await thread(on: pool.queue(1))
        #expect(await thread(on: pool.queue(0)) == other)
        blocker.letGo()
    }

    @Test func threadsThatAreStuckLoseTheirQueues() async throws {
        let pool = ThreadPool(threads: 2)
        let blockers = [Blocker(on: pool.queue(0)), Blocker(on: pool.queue(1))]
        for blocker in blockers { blocker.hasBegun() }
        let waiting = [Task { await thread(on: pool.queue(0)) }, Task { await thread(on: pool.queue(1)) }]
        let relief = Task {
            while !Task.isCancelled {
                pool.relieve()
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        for task in waiting { _ = await task.value }
        relief.cancel()
        for blocker in blockers { blocker.letGo() }
        // Those that come back find that others have taken their places.
        _ = await thread(on: pool.queue(0))
        _ = await thread(on: pool.queue(1))
    }

    @Test func manyJobsOfOneQueueKeepAllThreadsBusy() async {
        let pool = ThreadPool(threads: 2)
        let threads = await withTaskGroup(of: pthread_t.self) { group in
            for _ in 0..<200 {
                group.addTask(executorPreference: pool.queue(0)) {
                    let end = ContinuousClock.now.advanced(by: .milliseconds(1))
                    while .now < end {}
                    return pthread_self()
                }
            }
            return await group.reduce(into: Set<pthread_t>()) { $0.insert($1) }
        }
        #expect(threads.count == 2)
    }
}
