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

    private func probed(_ plan: inout ClaimPlan, _ milliseconds: Int, _ buckets: BucketProbe...) -> OtherWork {
        plan.probed(
            Probe(now: time(milliseconds), buckets: buckets),
            now: at(milliseconds),
            pollAfter: .seconds(1),
            firstBucket: 0
        )
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
        plan.worked(nextDue: time(300))
        #expect(next(&plan, 20) == .probe)
    }

    @Test func takesBucketsInTurnWhileClaimsComeBackFull() {
        var plan = sleepingPlan()
        let due = time(5)
        _ = probed(&plan, 10, BucketProbe(bucket: 0, nextReady: due), BucketProbe(bucket: 1, nextReady: due))
        #expect(next(&plan, 10) == .claim(bucket: 0, isThorough: true))
        plan.claimed(0, count: 10, isFull: true)
        #expect(next(&plan, 11) == .claim(bucket: 1, isThorough: true))
        plan.claimed(1, count: 10, isFull: true)
        #expect(next(&plan, 12) == .claim(bucket: 0, isThorough: false))
        plan.claimed(0, count: 3, isFull: false)
        #expect(next(&plan, 13) == .claim(bucket: 1, isThorough: false))
        plan.claimed(1, count: 0, isFull: false)
        // What ran meanwhile may have made something else ready.
        #expect(next(&plan, 20) == .probe)
    }

    @Test func looksAtEverythingOnceInFiftyClaims() {
        var plan = sleepingPlan()
        _ = probed(&plan, 10, BucketProbe(bucket: 0, nextReady: time(5)))
        var thorough = 0
        for _ in 0..<100 {
            if case .claim(_, isThorough: true) = next(&plan, 10) { thorough += 1 }
            plan.claimed(0, count: 10, isFull: true)
        }
        #expect(thorough == 3)
    }

    @Test func followsAHintAtOnce() {
        var plan = sleepingPlan()
        plan.hint([3])
        #expect(next(&plan, 100) == .claim(bucket: 3, isThorough: true))
        plan.claimed(3, count: 0, isFull: false)
        #expect(next(&plan, 101) == .sleep(until: at(1000)))
    }

    @Test func aHintMakesTheNextClaimThorough() {
        var plan = sleepingPlan()
        plan.hint([3])
        plan.claimed(3, count: 5, isFull: true)
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
                plan.claimed(0, count: 0, isFull: false)
                plan.worked(nextDue: nil)
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
