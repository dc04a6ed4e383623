import Postgres
import Testing

@testable import Store

@Suite("Shares of functions")
struct ShareTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture(connections: 8) }

    private func limit(_ name: String, _ reserved: Int?, rate: Double? = nil) async throws {
        var settings = FunctionSettings()
        settings.reserved = reserved
        settings.rate = rate
        try await fixture.store.putFunction(name, settings)
    }

    /// A worker as far as its shares are concerned.
    private struct Sharer {
        let id = PGUUID.v4()
        var slots = 0
        var running = 0

        var most: Int { max(slots, running) }

        mutating func ask(_ fixture: StoreFixture, wanted: Int, lifetime: Duration = .seconds(30)) async throws {
            let shares = try await fixture.store.shares(
                of: id,
                [ShareRequest(function: "f", holding: most, wanted: wanted)],
                lifetime: lifetime
            )
            slots = try #require(shares["f"]?.slots)
        }
    }

    @Test func functionsWithoutLimitsHaveNoShares() async throws {
        try await limit("other", nil)
        let requests = ["f", "other"].map { ShareRequest(function: $0, holding: 0, wanted: 5) }
        #expect(try await fixture.store.shares(of: .v4(), requests, lifetime: .seconds(30)).isEmpty)
        #expect(try await fixture.count("function_shares") == 0)
    }

    @Test func whatOneHasNoUseForOthersGet() async throws {
        try await limit("f", 10)
        var (one, other) = (Sharer(), Sharer())
        try await one.ask(fixture, wanted: 100)
        #expect(one.slots == 10)
        one.running = 10
        try await other.ask(fixture, wanted: 100)
        #expect(other.slots == 0)
        // It learns that the other one needs some, and what runs counts until it is over.
        try await one.ask(fixture, wanted: 100)
        #expect(one.slots == 5)
        try await other.ask(fixture, wanted: 100)
        #expect(other.slots == 0)
        one.running = 6
        try await one.ask(fixture, wanted: 100)
        try await other.ask(fixture, wanted: 100)
        #expect(other.slots == 4)
        one.running = 2
        try await one.ask(fixture, wanted: 2)
        try await other.ask(fixture, wanted: 100)
        #expect(one.slots == 2 && other.slots == 5)
        try await one.ask(fixture, wanted: 2)
        try await other.ask(fixture, wanted: 100)
        #expect(other.slots == 8)
    }

    @Test func sharesOfTheDeadAreFreeAgain() async throws {
        try await limit("f", 4)
        var (one, other) = (Sharer(), Sharer())
        try await one.ask(fixture, wanted: 4)
        try await other.ask(fixture, wanted: 4)
        #expect(other.slots == 0)
        _ = try await fixture.sql(
            "update stepwell.function_shares set renewed_at = now() - interval '31 seconds' where worker = $1",
            [.uuid(one.id)]
        )
        try await other.ask(fixture, wanted: 4)
        #expect(other.slots == 4)
        try await fixture.store.dropShares(of: other.id)
        #expect(try await fixture.count("function_shares") == 0)
    }

    @Test func aLimitThatIsLoweredOrTakenAway() async throws {
        try await limit("f", 4)
        var one = Sharer()
        try await one.ask(fixture, wanted: 4)
        one.running = 4
        try await limit("f", 1)
        try await one.ask(fixture, wanted: 4)
        #expect(one.slots == 1)
        try await limit("f", 0)
        try await one.ask(fixture, wanted: 4)
        #expect(one.slots == 0)
        try await limit("f", nil)
        let none = try await fixture.store.shares(
            of: one.id,
            [ShareRequest(function: "f", holding: 0, wanted: 4)],
            lifetime: .seconds(30)
        )
        #expect(none.isEmpty)
    }

    @Test func aRateIsDivided() async throws {
        try await limit("f", nil, rate: 9)
        let request = [ShareRequest(function: "f", holding: 0, wanted: 4)]
        var shares: [FunctionShare?] = []
        for worker in [PGUUID.v4(), .v4(), .v4()] {
            shares.append(try await fixture.store.shares(of: worker, request, lifetime: .seconds(30))["f"])
        }
        #expect(shares == [9, 4.5, 3].map { FunctionShare(slots: nil, rate: $0) })
    }

    /// Whoever asks when, starts and ends calls when: never do more run than may.
    @Test(arguments: [1, 3, 10])
    func neverMoreThanTheLimit(limit: Int) async throws {
        try await self.limit("f", limit)
        var workers = (0..<5).map { _ in Sharer() }
        var most = 0
        for _ in 0..<400 {
            let place = Int.random(in: workers.indices)
            switch Int.random(in: 0..<4) {
            case 0: if workers[place].running < workers[place].slots { workers[place].running += 1 }
            case 1: workers[place].running = max(0, workers[place].running - 1)
            default: try await workers[place].ask(fixture, wanted: Int.random(in: 0...limit * 2))
            }
            let running = workers.reduce(0) { $0 + $1.running }
            #expect(running <= limit)
            most = max(most, running)
        }
        #expect(most > 0)
    }
}
