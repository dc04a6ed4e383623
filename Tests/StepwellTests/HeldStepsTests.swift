import JSON
import Postgres
import Store
import Testing

@testable import Stepwell

/// When leases are extended, and what ends a call.
@Suite struct HeldStepsTests {
    private let start = ContinuousClock.now
    private let lease: Duration = .seconds(12)

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func step(_ id: Int64, fence: Int64 = 1) -> StepLease {
        StepLease(key: StepKey(bucket: 0, execution: PGUUID(high: 0, low: 1), id: id), fence: fence)
    }

    private func held(_ leases: StepLease...) -> HeldSteps {
        var held = HeldSteps(leaseDuration: lease)
        for lease in leases { held.insert(lease, grantedAt: start) }
        return held
    }

    private func endings(_ actions: HeldSteps.Actions) -> [String] {
        actions.endings.map { "\($0.ending)" }
    }

    @Test func extendsAtAThirdAndTakesCompanyAlong() {
        var held = held(step(1))
        held.insert(step(2), grantedAt: at(0.5))
        held.insert(step(4), grantedAt: at(3.5))
        #expect(held.due(at(3.9)).extensions.isEmpty)
        #expect(held.due(at(4)).extensions == [step(1), step(2)])
        // They are on their way.
        #expect(held.due(at(4.1)).extensions.isEmpty)
        #expect(held.extended([step(1), step(2)], kept: [step(1).key, step(2).key], sentAt: at(4)).isEmpty)
        #expect(held.due(at(7)).extensions.isEmpty)
        #expect(held.due(at(8)).extensions == [step(1), step(2), step(4)])
    }

    @Test func aLeaseThatIsGoneEndsTheCall() {
        var held = held(step(1))
        let invocation = Invocation()
        #expect(held.begin(step(1), invocation, deadline: nil, now: start) != .refused)
        _ = held.due(at(4))
        let lost = held.extended([step(1)], kept: [], sentAt: at(4))
        #expect(lost.map { $0 === invocation } == [true])
        #expect(held.isLost(step(1).key))
        #expect(held.beginWriting(step(1)) == false)
    }

    /// A claim may be answered when its time is over; the keeper may not have looked since.
    @Test func noHandlerBeginsWhenTheLeaseIsOver() {
        var held = held(step(1))
        #expect(held.begin(step(1), Invocation(), deadline: nil, now: at(11)) == .refused)
        #expect(held.begin(step(1), Invocation(), deadline: nil, now: at(10.9)) != .refused)
    }

    @Test func aLeaseThatRunsOutEndsTheCallBeforeItsTime() {
        var held = held(step(1))
        #expect(held.begin(step(1), Invocation(), deadline: nil, now: start) != .refused)
        _ = held.due(at(4))
        // The database is away.
        #expect(held.extended([step(1)], kept: nil, sentAt: at(4)).isEmpty)
        #expect(held.due(at(4.5)).extensions == [step(1)])
        #expect(held.due(at(10.9)).endings.isEmpty)
        #expect(endings(held.due(at(11))) == ["lost"])
        #expect(held.isLost(step(1).key))
        #expect(held.due(at(12)).endings.isEmpty)
    }

    @Test func whatIsBeingWrittenIsLeftAlone() {
        var held = held(step(1))
        #expect(held.beginWriting(step(1)) == true)
        let actions = held.due(at(60))
        #expect(actions.extensions.isEmpty && actions.endings.isEmpty)
        held.endWriting(step(1, fence: 2), grantedAt: at(60))
        #expect(held.due(at(64)).extensions == [step(1, fence: 2)])
    }

    @Test func anAnswerAboutAnOldFenceMeansNothing() {
        var held = held(step(1))
        _ = held.due(at(4))
        #expect(held.beginWriting(step(1)) == true)
        held.endWriting(step(1, fence: 2), grantedAt: at(4))
        #expect(held.extended([step(1)], kept: [], sentAt: at(4)).isEmpty)
        #expect(!held.isLost(step(1).key))
        #expect(held.begin(step(1, fence: 2), Invocation(), deadline: nil, now: start) != .refused)
    }

    @Test func theEarliestLimitEndsTheCall() {
        var held = held(step(1))
        let (first, second) = (
            HeldSteps.Deadline(at: at(1), owner: .state), HeldSteps.Deadline(at: at(2), owner: .function)
        )
        #expect(HeldSteps.Deadline.earlier(first, second)?.at == at(1))
        #expect(HeldSteps.Deadline.earlier(second, nil)?.at == at(2))
        let deadline = HeldSteps.Deadline.earlier(second, first)
        let invocation = Invocation()
        #expect(held.begin(step(1), invocation, deadline: deadline, now: start) != .refused)
        #expect(held.due(at(0.9)).endings.isEmpty)
        #expect(endings(held.due(at(3))) == ["timedOut"])
        held.finish(step(1).key, invocation)
        #expect(held.due(at(3)).endings.isEmpty)
    }

    @Test func aCallThatIsOverWritesNothing() {
        var held = held(step(1))
        let invocation = Invocation()
        #expect(held.begin(step(1), invocation, deadline: .init(at: at(1), owner: .state), now: start) != .refused)
        #expect(held.beginWriting(step(1), for: invocation) == true)
        // While it writes, its time does not run out.
        #expect(held.due(at(2)).endings.isEmpty)
        held.cancelWriting(step(1).key, for: invocation)
        #expect(endings(held.due(at(2))) == ["timedOut"])
        #expect(held.beginWriting(step(1), for: invocation) == false)
        #expect(held.beginWriting(step(1)) == true)
        held.cancelWriting(step(1).key, for: invocation)
        #expect(held.due(at(60)).endings.isEmpty)
    }

    @Test func heartbeatsPutTheirDeadlineOff() {
        var held = held(step(1))
        let invocation = Invocation(heartbeatInterval: .seconds(1), now: start)
        #expect(held.begin(step(1), invocation, deadline: nil, now: start) != .refused)
        #expect(invocation.heartbeat(at: at(0.8)))
        #expect(held.due(at(1.7)).endings.isEmpty)
        #expect(endings(held.due(at(1.8))) == ["heartbeatMissed"])
    }

    @Test func aCheckExtendsEverythingNow() {
        var held = held(step(1), step(2))
        held.check(now: at(1))
        #expect(held.due(at(1)).extensions.count == 2)
    }

    @Test func aCheckOfOneExecutionLeavesTheOthersAlone() {
        var held = held(step(1))
        held.check(PGUUID(high: 0, low: 2), now: at(1))
        #expect(held.due(at(1)).extensions.isEmpty)
        held.check(step(1).key.execution, now: at(1))
        #expect(held.due(at(1)).extensions == [step(1)])
    }

    @Test func aStepThatIsClaimedAgainBeforeItsOldHolderIsDoneStays() {
        var held = held(step(1))
        held.insert(step(1, fence: 3), grantedAt: at(1))
        held.endWriting(step(1, fence: 2), grantedAt: at(1))
        held.remove(step(1, fence: 2))
        #expect(!held.isLost(step(1).key))
        held.check(now: at(2))
        #expect(held.due(at(2)).extensions == [step(1, fence: 3)])
        held.remove(step(1, fence: 3))
        #expect(held.isLost(step(1).key))
    }

    @Test func whoLostAStepDoesNotTouchTheLeaseThatFollows() {
        var held = held(step(1))
        let old = Invocation()
        #expect(held.begin(step(1), old, deadline: nil, now: start) != .refused)
        // This process claims the step again before the one who had it notices.
        held.insert(step(1, fence: 3), grantedAt: at(1))
        let new = Invocation()
        #expect(held.begin(step(1, fence: 3), new, deadline: nil, now: start) != .refused)
        held.finish(step(1).key, old)
        #expect(held.begin(step(1), Invocation(), deadline: nil, now: start) == .refused)
        #expect(held.beginWriting(step(1)) == false)
        #expect(held.due(at(60)).endings.map { $0.invocation === new } == [true])
    }

    @Test func saysWhenToLookNext() {
        var held = held(step(1))
        #expect(held.nextLook(before: at(60)) == at(4))
        #expect(held.begin(step(1), Invocation(), deadline: nil, now: start) == .begun(isUrgent: false))
        let deadline = HeldSteps.Deadline(at: at(3), owner: .state)
        #expect(held.begin(step(1), Invocation(), deadline: deadline, now: start) == .begun(isUrgent: true))
        #expect(held.nextLook(before: at(60)) == at(3))
        #expect(held.nextLook(before: at(2)) == at(2))
        held.remove(step(1))
        #expect(held.nextLook(before: at(60)) == at(60))
    }
}
