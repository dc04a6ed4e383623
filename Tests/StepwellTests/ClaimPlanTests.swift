import Expressions
import Testing

@testable import Stepwell
@testable import Store

/// What the claim loop does next, as a column of inputs and expected actions.
@Suite struct ClaimPlanTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start.advanced(by: .milliseconds(milliseconds)) }
    /// The database's clock shows 1000 s when the local one shows `start`.
    private func time(_ milliseconds: Int) -> Timestamp {
        Timestamp(microseconds: 1_000_000_000 + Int64(milliseconds) * 1000)
    }

    private func next(_ plan: inout ClaimPlan, _ milliseconds: Int, hasRoom: Bool = true) -> ClaimPlan.Action {
        plan.next(hasRoom: hasRoom, now: at(milliseconds), time: time(milliseconds))
    }

    private func probed(
        _ plan: inout ClaimPlan,
        _ milliseconds: Int,
        asksForAll: Bool = true,
        _ buckets: BucketProbe...
    ) -> OtherWork {
        plan.probed(
            Probe(now: time(milliseconds), buckets: buckets),
            asksForAll: asksForAll,
            now: at(milliseconds),
            pollAfter: .seconds(1),
            firstBucket: 0
        )
    }

    private func claimed(
        _ plan: inout ClaimPlan,
        _ milliseconds: Int,
        bucket: Int32 = 0,
        count: Int,
        isFull: Bool = false,
        asksForAll: Bool = true
    ) {
        plan.claimed(bucket, count: count, isFull: isFull, asksForAll: asksForAll, now: at(milliseconds))
    }

    /// A plan that sleeps: announced idle, and nothing is due.
    private func sleepingPlan() -> ClaimPlan {
        var plan = ClaimPlan(now: start)
        _ = probed(&plan, 0)
        plan.announced(isIdle: true)
        _ = probed(&plan, 0)
        return plan
    }

    @Test func looksAroundBeforeItSleeps() {
        var plan = ClaimPlan(now: start)
        #expect(next(&plan, 0) == .probe)
        #expect(probed(&plan, 1).isEmpty)
        #expect(next(&plan, 1) == .announce(isIdle: true))
        plan.announced(isIdle: true)
        // Who started something before the announcement sent no notification.
        #expect(next(&plan, 2) == .probe)
        #expect(probed(&plan, 3).isEmpty)
        #expect(next(&plan, 3) == .sleep(until: at(1003)))
        #expect(next(&plan, 1003) == .probe)
    }

    @Test func sleepsNoLongerThanUntilTheNextThingIsDue() {
        var plan = sleepingPlan()
        _ = probed(&plan, 10, BucketProbe(bucket: 0, nextReady: time(500), nextWake: time(400), nextOutbox: time(600)))
        #expect(next(&plan, 10) == .sleep(until: at(400)))
        plan.worked(nextDue: time(300), now: at(10))
        #expect(next(&plan, 20) == .probe)
        _ = probed(&plan, 20)
        plan.worked(nextDue: time(38), now: at(35))
        #expect(next(&plan, 36) == .sleep(until: at(38)))
        #expect(next(&plan, 38) == .probe)
    }

    @Test func takesBucketsInTurnWhileClaimsComeBackFull() {
        var plan = sleepingPlan()
        let due = time(5)
        _ = probed(&plan, 10, BucketProbe(bucket: 0, nextReady: due), BucketProbe(bucket: 1, nextReady: due))
        #expect(next(&plan, 10) == .claim(bucket: 0, isThorough: true))
        claimed(&plan, 10, count: 10, isFull: true)
        #expect(next(&plan, 11) == .claim(bucket: 1, isThorough: true))
        claimed(&plan, 11, bucket: 1, count: 10, isFull: true)
        #expect(next(&plan, 12) == .claim(bucket: 0, isThorough: false))
        claimed(&plan, 12, count: 3)
        #expect(next(&plan, 13) == .claim(bucket: 1, isThorough: false))
        claimed(&plan, 13, bucket: 1, count: 0)
        // What ran meanwhile may have made something else ready.
        #expect(next(&plan, 20) == .probe)
    }

    /// A bucket may get nothing because nothing more can be called just then, and the one behind it something again.
    @Test func noBucketIsPassedOverAgainAndAgain() {
        var plan = sleepingPlan()
        #expect(plan.nextTurn == nil)
        _ = probed(&plan, 10, BucketProbe(bucket: 0, nextReady: time(5)), BucketProbe(bucket: 1, nextReady: time(5)))
        claimed(&plan, 10, count: 2, isFull: true)
        claimed(&plan, 11, bucket: 1, count: 0, asksForAll: false)
        claimed(&plan, 12, bucket: 2, count: 1)
        #expect(plan.nextTurn == 1)
        _ = probed(&plan, 20, BucketProbe(bucket: 1, nextReady: time(5)))
        claimed(&plan, 20, bucket: 1, count: 1)
        #expect(plan.nextTurn == 2)
    }

    @Test func looksAtEverythingOnceInFiftyClaims() {
        var plan = sleepingPlan()
        _ = probed(&plan, 10, BucketProbe(bucket: 0, nextReady: time(5)))
        var thorough = 0
        for _ in 0..<100 {
            if case .claim(_, isThorough: true) = next(&plan, 10) { thorough += 1 }
            claimed(&plan, 10, count: 10, isFull: true)
        }
        #expect(thorough == 3)
    }

    @Test func followsAHintAtOnce() {
        var plan = sleepingPlan()
        plan.hint([3])
        #expect(next(&plan, 100) == .claim(bucket: 3, isThorough: true))
        claimed(&plan, 100, bucket: 3, count: 0)
        #expect(next(&plan, 101) == .sleep(until: at(1000)))
    }

    /// The database tells a worker that sleeps of every start: what it has just taken goes first.
    @Test func looksAroundAWhileAfterAClaimThatAHintLedTo() {
        var plan = sleepingPlan()
        plan.hint([3])
        claimed(&plan, 100, bucket: 3, count: 1)
        #expect(next(&plan, 100) == .sleep(until: at(110)))
        plan.worked(nextDue: nil, now: at(104))
        #expect(next(&plan, 104) == .sleep(until: at(110)))
        #expect(next(&plan, 110) == .probe)
        _ = probed(&plan, 110)
        plan.worked(nextDue: time(118), now: at(112))
        #expect(next(&plan, 112) == .sleep(until: at(118)))
        // Nobody tells of what was left for want of a permit, nor a worker that is believed to be busy.
        _ = probed(&plan, 200)
        claimed(&plan, 210, count: 1, asksForAll: false)
        #expect(next(&plan, 211) == .probe)
        _ = probed(&plan, 220, asksForAll: false)
        plan.worked(nextDue: nil, now: at(231))
        #expect(next(&plan, 231) == .probe)
        _ = probed(&plan, 240)
        plan.announced(isIdle: false)
        plan.worked(nextDue: nil, now: at(251))
        #expect(next(&plan, 251) == .probe)
        _ = probed(&plan, 260)
        plan.announced(isIdle: true)
        _ = probed(&plan, 270)
        claimed(&plan, 281, count: 1)
        plan.lostSight()
        #expect(next(&plan, 281) == .probe)
    }

    @Test func aHintMakesTheNextClaimThorough() {
        var plan = sleepingPlan()
        plan.hint([3])
        claimed(&plan, 0, bucket: 3, count: 5, isFull: true)
        #expect(next(&plan, 1) == .claim(bucket: 3, isThorough: false))
        plan.hint([3])
        #expect(next(&plan, 2) == .claim(bucket: 3, isThorough: true))
    }

    @Test func doesNotAskAgainAndAgainForWhatItCannotHave() {
        var plan = sleepingPlan()
        var probes = 0
        var milliseconds = 1000
        while milliseconds < 3000 {
            switch next(&plan, milliseconds) {
            case .probe:
                probes += 1
                _ = probed(&plan, milliseconds, BucketProbe(bucket: 0, nextReady: time(0)))
            case .claim:
                claimed(&plan, milliseconds, count: 0)
                plan.worked(nextDue: nil, now: at(milliseconds))
            case .sleep, .announce: milliseconds += 1
            }
        }
        #expect(probes < 12)
    }

    @Test func saysThatItIsBusyOnlyAfterAWhile() {
        var plan = sleepingPlan()
        #expect(next(&plan, 10, hasRoom: false) == .sleep(until: at(110)))
        #expect(next(&plan, 50, hasRoom: false) == .sleep(until: at(150)))
        #expect(next(&plan, 110, hasRoom: false) == .announce(isIdle: false))
        plan.announced(isIdle: false)
        #expect(next(&plan, 111, hasRoom: false) == .sleep(until: at(1111)))
    }

    @Test func passesOtherWorkOn() {
        var plan = sleepingPlan()
        let other = probed(
            &plan,
            10,
            BucketProbe(bucket: 0, nextWake: time(10)),
            BucketProbe(bucket: 1, nextWake: time(11), nextOutbox: time(9))
        )
        #expect(other == OtherWork(wakes: [0], outboxes: [1]))
        #expect(next(&plan, 10) == .sleep(until: at(11)))
    }

    @Test func forgetsWhatItKnewWhenTheDatabaseWasAway() {
        var plan = sleepingPlan()
        plan.hint([1, 2])
        plan.failed()
        #expect(next(&plan, 10) == .probe)
    }
}
