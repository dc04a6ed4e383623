import JSON
import Store
import Testing

@testable import Stepwell

/// How many steps a worker takes on, and of which functions.
@Suite struct CapacityTests {
    private func capacity(slots: Int, _ limits: [String: Int?]) -> Capacity {
        Capacity(
            slots: slots,
            functions: limits.sorted { $0.key < $1.key }
                .map { Function($0.key, concurrency: $0.value) { (_: JSONValue) in } }
        )
    }

    @Test func oneClaimTakesHalfOfTheSlots() {
        var capacity = capacity(slots: 10, ["a": nil])
        let offer = capacity.offers()[0]
        #expect(Set(offer.functions) == ["", "a"])
        #expect(offer.limit == 5)
        capacity.took(5, of: offer)
        capacity.took(2, of: offer)
        #expect(capacity.room == 3)
        #expect(capacity.offers()[0].limit == 3)
        capacity.finished()
        #expect(capacity.room == 4)
    }

    @Test func oneSlotIsEnough() {
        var capacity = capacity(slots: 1, [:])
        let offer = capacity.offers()[0]
        #expect(offer == Capacity.Offer(functions: [""], limit: 1, limited: nil))
        capacity.took(1, of: offer)
        #expect(capacity.room == 0)
    }

    @Test func onlyLimitedFunctionsTakePermits() {
        var capacity = capacity(slots: 10, ["few": 1, "many": nil])
        #expect(capacity.isLimited("few") && !capacity.isLimited("many"))
        var taken: [Bool] = []
        for name in ["few", "few", "many", "many"] { taken.append(capacity.takePermit(name)) }
        #expect(taken == [true, false, true, true])
        capacity.givePermit("few")
        let isFree = capacity.takePermit("few")
        #expect(isFree)
    }

    @Test func functionsTakeTurnsAtBeingFirst() {
        var capacity = capacity(slots: 10, ["a": nil, "b": nil])
        var first: Set<String> = []
        for _ in 0..<3 { first.insert(capacity.offers()[0].functions[0]) }
        #expect(first == ["", "a", "b"])
    }

    @Test func aLimitedFunctionIsOfferedByItself() {
        var capacity = capacity(slots: 100, ["a": nil, "b": 3])
        let offers = capacity.offers()
        #expect(offers.map(\.limited) == [nil, "b"])
        #expect(offers[1] == Capacity.Offer(functions: ["b"], limit: 3, limited: "b"))
        capacity.took(2, of: offers[1])
        #expect(capacity.offers()[1].limit == 1)
        #expect(capacity.takePermit("b") == true)
        #expect(capacity.takePermit("b") == false)
        #expect(capacity.offers().map(\.limited) == [nil])
        #expect(capacity.offeredFunctions == ["", "a"])
        capacity.givePermit("b")
        #expect(capacity.offeredFunctions == ["", "a", "b"])
    }

    @Test func whatIsSaidToOthersIsWhatClaimsAskFor() {
        var capacity = capacity(slots: 2, ["a": nil, "b": 1])
        #expect(Set(capacity.claims) == ["", "a", "b"])
        let offer = capacity.offers().first { $0.limited == "b" }
        if let offer { capacity.took(1, of: offer) }
        #expect(Set(capacity.claims) == ["", "a"])
        #expect(Set(capacity.claims) == Set(capacity.offers().flatMap(\.functions)))
        capacity.took(1, of: Capacity.Offer(functions: ["a"], limit: 1, limited: nil))
        #expect(capacity.claims.isEmpty)
    }

    @Test func aFunctionWithTooManyStrayHandlersIsNotOffered() {
        var capacity = capacity(slots: 100, ["a": nil, "b": 50])
        for count in 1...Capacity.abandonedLimit {
            #expect(capacity.abandon("a") == count)
            _ = capacity.abandon("b")
        }
        #expect(capacity.offeredFunctions == [""])
        #expect(capacity.offers().map(\.functions) == [[""]])
        #expect(capacity.takePermit("a") == false)
        #expect(capacity.withheld == ["a": .lateHandlers, "b": .lateHandlers])
        capacity.returnedLate("a")
        #expect(capacity.offeredFunctions == ["", "a"])
        #expect(capacity.takePermit("a") == true)
    }

    // MARK: Limits of the whole installation

    @Test func aShareBoundsWhatIsClaimed() {
        var capacity = capacity(slots: 10, ["a": nil, "b": 3, "c": nil])
        var grew = [capacity.set(["a": FunctionShare(slots: 2, rate: nil), "b": FunctionShare(slots: 0, rate: nil)])]
        let offers = capacity.offers()
        #expect(offers.map { Set($0.functions) } == [["", "c"], ["a"]])
        #expect(offers[1].limit == 2 && offers[1].limited == "a")
        capacity.took(2, of: offers[1])
        var taken = ["a", "b", "c"].map { capacity.takePermit($0) }
        capacity.givePermit("a")
        taken.append(capacity.takePermit("a"))
        #expect(taken == [false, false, true, true])
        // It is more than that until the calls are over.
        grew.append(capacity.set(["a": FunctionShare(slots: 1, rate: nil)]))
        let request = capacity.shareRequests.first { $0.function == "a" }
        #expect(request?.holding == 2 && request?.wanted == 10)
        #expect(capacity.offeredFunctions == ["", "c", "b"])
        taken = [capacity.takePermit("a")]
        grew.append(capacity.set([:]))
        taken.append(capacity.takePermit("a"))
        #expect(taken == [false, true])
        #expect(grew == [true, true, true])
    }

    @Test func lanesAreClaimedByThemselvesAndLeaveRoom() throws {
        var capacity = capacity(slots: 8, ["a": 3, "b": nil, "c": nil])
        let rule = try FairRule(key: "$.tenant", priority: nil)
        capacity.set(["a": rule, "b": rule, "elsewhere": rule])
        let offers = capacity.offers()
        // Before they have a place, calls are not limited.
        #expect(Set(offers[0].functions) == ["", "a", "b", "c"] && offers[0].lane == nil)
        let lanes = offers.dropFirst().sorted { $0.functions[0] < $1.functions[0] }
        #expect(lanes.map(\.functions) == [["a#"], ["b#"]])
        #expect(
            lanes.map(\.lane) == ["a#", "b#"] && lanes.map(\.limited) == ["a", nil] && lanes.map(\.limit) == [3, 4]
        )
        #expect(Set(capacity.offeredFunctions) == ["", "a", "b", "c", "a#", "b#"])
        #expect(capacity.room(for: offers[0]) == 8 && capacity.room(for: lanes[0]) == 6)
        capacity.took(3, of: lanes[0])
        #expect(!capacity.offeredFunctions.contains("a#") && capacity.offeredFunctions.contains("a"))
        #expect(capacity.withheld == ["a#": .functionLimit])
        capacity.took(3, of: lanes[1])
        #expect(capacity.withheld == ["a#": .full, "b#": .full])
        #expect(capacity.room == 2 && capacity.room(for: lanes[1]) == 0)
        #expect(Set(capacity.offeredFunctions) == ["", "a", "b", "c"])
        // Without a rule the lane is emptied, and calls are as they come.
        capacity.set(["b": nil])
        let after = (capacity.fairRule(of: "a"), capacity.fairRule(of: "b"))
        #expect(after.0 == nil && after.1 == nil)
        capacity.finished()
        #expect(capacity.offeredFunctions.contains("b#") && !capacity.offeredFunctions.contains("a"))
    }

    @Test func startsAreSpreadOverTime() {
        var capacity = capacity(slots: 10, ["a": nil])
        _ = capacity.set(["a": FunctionShare(slots: nil, rate: 4)])
        #expect(capacity.isPaced)
        var taken = [capacity.takePermit("a"), capacity.takePermit("a")]
        capacity.givePermit("a")
        taken.append(capacity.takePermit("a"))
        var grew = [capacity.pass(.milliseconds(200)), capacity.pass(.milliseconds(50))]
        taken.append(capacity.takePermit("a"))
        #expect(taken == [true, false, false, true])
        // No more than a second's worth is saved up.
        grew.append(capacity.pass(.seconds(100)))
        #expect(grew == [false, true, true])
        #expect(capacity.shareRequests.map(\.holding) == [1])
        let limit = capacity.offers().last?.limit
        #expect(limit == 4)
        capacity.closeBudgets()
        let isFree = capacity.takePermit("a")
        #expect(!isFree)
    }
}
