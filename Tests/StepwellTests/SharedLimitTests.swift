import JSON
import Stepwell
import Store
import Synchronization
import Testing

@Suite("Limits that hold across workers")
struct SharedLimitTests {
    /// What is seen of calls.
    private final class Calls: Sendable {
        private struct Count {
            var running = 0
            var most = 0
            var starts: [ContinuousClock.Instant] = []
        }

        private let count = Mutex(Count())

        func run() async throws {
            count.withLock {
                $0.running += 1
                $0.most = max($0.most, $0.running)
                $0.starts.append(.now)
            }
            try await Task.sleep(for: .milliseconds(10))
            count.withLock { $0.running -= 1 }
        }

        func areDone(_ number: Int) -> Bool { count.withLock { $0.starts.count >= number && $0.running == 0 } }
        var most: Int { count.withLock(\.most) }
        var starts: [ContinuousClock.Instant] { count.withLock(\.starts) }
    }

    /// Runs so many executions of one Task on three workers, and says what they saw.
    private func run(
        _ executions: Int,
        _ change: (inout FunctionSettings) -> Void
    ) async throws -> (most: Int, starts: [ContinuousClock.Instant]) {
        let database = try await Database()
        var settings = FunctionSettings()
        change(&settings)
        try await database.store.putFunction("work", settings)
        try await database.deployTask("work")
        try await database.deployTask("free", as: "Free")
        for _ in 0..<executions { _ = try await database.start() }
        // What has no limit is done meanwhile.
        let free = try await database.start("Free")
        let calls = Calls()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await database.withWorker {
                        Function("work") { (event: JSONValue) in
                            try await calls.run()
                            return event
                        }
                        Function("free") { (event: JSONValue) in event }
                    } body: {
                        while !calls.areDone(executions) { try await Task.sleep(for: .milliseconds(10)) }
                        #expect(try await database.end(of: free).status == .succeeded)
                    }
                }
            }
            try await group.waitForAll()
        }
        return (calls.most, calls.starts)
    }

    @Test func callsAtOnce() async throws {
        let seen = try await run(120) { $0.reserved = 4 }
        #expect(seen.most <= 4)
        #expect(seen.starts.count == 120)
    }

    @Test func callsASecond() async throws {
        let seen = try await run(60) { $0.rate = 20 }
        #expect(seen.starts.count == 60)
        // Three seconds' worth. Workers that have just come know of each other a second later.
        let first = try #require(seen.starts.min())
        let last = try #require(seen.starts.max())
        #expect(first.duration(to: last) > .milliseconds(1500))
    }

    /// What the first call leaves to the second is that one's reason to wait.
    @Test(arguments: [
        BranchStanding.BusyWorker.Obstacle.reservedConcurrency, .rateLimit, .functionLimit,
    ])
    func whyOthersWait(obstacle: BranchStanding.BusyWorker.Obstacle) async throws {
        let database = try await Database()
        var settings = FunctionSettings()
        if obstacle == .reservedConcurrency { settings.reserved = 1 }
        if obstacle == .rateLimit { settings.rate = 0.001 }
        try await database.store.putFunction("work", settings)
        try await database.deployTask("work")
        let hasBegun = Mutex(false)
        let isReleased = Mutex(false)
        try await database.withWorker {
            Function("work", concurrency: obstacle == .functionLimit ? 1 : nil) { (event: JSONValue) in
                hasBegun.withLock { $0 = true }
                while obstacle != .rateLimit, !isReleased.withLock(\.self) {
                    try await Task.sleep(for: .milliseconds(10))
                }
                return event
            }
        } body: {
            _ = try await database.start()
            while !hasBegun.withLock(\.self) { try await Task.sleep(for: .milliseconds(10)) }
            let second = try await database.start()
            var obstacles: [BranchStanding.BusyWorker.Obstacle] = []
            while obstacles != [obstacle] {
                guard
                    case .workersBusy(let workers) = try await database.store.standing(of: second).branches.first?
                        .reason
                else { continue }
                obstacles = workers.map(\.obstacle)
                try await Task.sleep(for: .milliseconds(20))
            }
            isReleased.withLock { $0 = true }
            if obstacle != .rateLimit { #expect(try await database.end(of: second).status == .succeeded) }
        }
    }
}
