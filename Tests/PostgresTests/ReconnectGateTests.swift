import Testing

@testable import Postgres

@Suite("The gate that attempts to connect again pass")
struct ReconnectGateTests {
    @Test func keepsAttemptsApart() async {
        let gate = ReconnectGate(spacing: .milliseconds(20))
        let begin = ContinuousClock.now
        await withTaskGroup { group in
            for _ in 0..<5 { group.addTask { await gate.turn(to: "server") } }
        }
        #expect(begin.duration(to: .now) >= .milliseconds(100))
    }

    @Test func opensForAllWhoWaitWhenOneGetsThrough() async {
        let gate = ReconnectGate(spacing: .seconds(3600))
        let passed = AsyncStream.makeStream(of: String.self)
        await withTaskGroup { group in
            for name in ["first", "second"] {
                group.addTask {
                    await gate.turn(to: "server")
                    passed.continuation.yield(name)
                }
            }
            let other = Task {
                await gate.turn(to: "other server")
                return Task.isCancelled
            }
            // They may not wait yet: whoever comes later gets through later.
            group.addTask {
                while !Task.isCancelled {
                    gate.gotThrough(to: "server")
                    await Task.yield()
                }
            }
            var names: Set<String> = []
            for await name in passed.stream {
                names.insert(name)
                if names.count == 2 { break }
            }
            // The other server's queue has not moved.
            other.cancel()
            #expect(await other.value)
            group.cancelAll()
        }
    }
}
