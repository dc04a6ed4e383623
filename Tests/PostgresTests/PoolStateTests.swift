import Testing

@testable import Postgres

/// The pool's decisions, as columns of "input == what has to be done".
@Suite struct PoolStateTests {
    @Test func connectsWhenAskedAndReusesTheMostRecent() {
        var pool = PoolState(minimum: 0, maximum: 2)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [.connect(2)])
        #expect(pool.connected(2) == [.lend(2, to: 2)])
        #expect(pool.returned(1, isReusable: true) == [])
        #expect(pool.returned(2, isReusable: true) == [])
        #expect(pool.lease(3) == [.lend(2, to: 3)])
        #expect(pool.lease(4) == [.lend(1, to: 4)])
    }

    @Test func waitersAreServedInTheirOrder() {
        var pool = PoolState(minimum: 0, maximum: 1)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [])
        #expect(pool.lease(3) == [])
        #expect(pool.lease(4) == [])
        pool.giveUp(3)
        #expect(pool.returned(1, isReusable: true) == [.lend(1, to: 2)])
        #expect(pool.returned(1, isReusable: true) == [.lend(1, to: 4)])
        #expect(pool.returned(1, isReusable: true) == [])
    }

    @Test func oneAttemptFindsOutWhetherTheServerIsThere() {
        var pool = PoolState(minimum: 0, maximum: 4)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.lease(2) == [])
        #expect(pool.lease(3) == [])
        #expect(pool.connected(1) == [.lend(1, to: 1), .connect(2), .connect(3)])
        #expect(pool.lease(4) == [.connect(4)])
        #expect(pool.lease(5) == [])
        #expect(pool.connected(3) == [.lend(3, to: 2)])
        #expect(pool.connected(2) == [.lend(2, to: 3)])
        #expect(pool.connected(4) == [.lend(4, to: 4)])
    }

    @Test func pausesLongerAfterEveryFailure() {
        var pool = PoolState(minimum: 0, maximum: 4)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connectFailed(1, isTransient: true) == [.retry])
        #expect(pool.lease(2) == [])
        #expect(pool.retry() == [.connect(2)])
        #expect(pool.lease(3) == [])
        #expect(pool.connectFailed(2, isTransient: true) == [.retry])
        #expect(pool.retry() == [.connect(3)])
        #expect(pool.connected(3) == [.lend(3, to: 1), .connect(4), .connect(5)])
    }

    @Test func nobodyIsKeptWaitingForWhatCannotHelp() {
        var pool = PoolState(minimum: 0, maximum: 1)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.lease(2) == [])
        #expect(pool.connectFailed(1, isTransient: false) == [.refuse(1), .refuse(2), .retry])
        #expect(pool.retry() == [])
        #expect(pool.lease(3) == [.connect(2)])
    }

    @Test func aLostConnectionIsReplacedForWhoeverWaits() {
        var pool = PoolState(minimum: 0, maximum: 1)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [])
        #expect(pool.lost(1) == [.connect(2)])
        #expect(pool.returned(1, isReusable: false) == [])
        #expect(pool.connected(2) == [.lend(2, to: 2)])
    }

    @Test func anIdleConnectionThatIsLostIsNotLent() {
        var pool = PoolState(minimum: 0, maximum: 2)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.returned(1, isReusable: true) == [])
        #expect(pool.lost(1) == [])
        #expect(pool.lost(1) == [])
        #expect(pool.lease(2) == [.connect(2)])
    }

    @Test func aServerThatTakesConnectionsOnlyToDropThemIsLeftAlone() {
        var pool = PoolState(minimum: 1, maximum: 2)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lost(1) == [.connect(2)])
        #expect(pool.connected(2) == [])
        #expect(pool.lost(2) == [.retry])
        #expect(pool.lease(2) == [])
        #expect(pool.retry() == [.connect(3)])
        #expect(pool.connected(3) == [.lend(3, to: 2)])
        #expect(pool.returned(3, isReusable: true) == [])
        #expect(pool.lost(3) == [.connect(4)])
    }

    @Test func aCrashLosesAllAtOnceAndCountsOnce() {
        var pool = PoolState(minimum: 0, maximum: 3)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [.connect(2)])
        #expect(pool.connected(2) == [.lend(2, to: 2)])
        #expect(pool.lease(3) == [.connect(3)])
        #expect(pool.connected(3) == [.lend(3, to: 3)])
        #expect(pool.lease(4) == [])
        #expect(pool.lost(1) == [.connect(4)])
        #expect(pool.lost(2) == [])
        #expect(pool.lost(3) == [])
        #expect(pool.connectFailed(4, isTransient: true) == [.retry])
    }

    @Test func aConnectionInAnUncertainStateIsClosed() {
        var pool = PoolState(minimum: 0, maximum: 1)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [])
        #expect(pool.returned(1, isReusable: false) == [.close(1)])
        #expect(pool.ended(1) == [.connect(2)])
        #expect(pool.connected(2) == [.lend(2, to: 2)])
    }

    @Test func keepsTheMinimumOpen() {
        var pool = PoolState(minimum: 2, maximum: 4)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1), .connect(2)])
        #expect(pool.connected(2) == [])
        #expect(pool.lost(2) == [.connect(3)])
    }

    @Test func closesWhatNobodyUsesDownToTheMinimum() {
        var pool = PoolState(minimum: 1, maximum: 3)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [.connect(2)])
        #expect(pool.connected(2) == [.lend(2, to: 2)])
        #expect(pool.lease(3) == [.connect(3)])
        #expect(pool.connected(3) == [.lend(3, to: 3)])
        #expect(pool.returned(1, isReusable: true) == [])
        #expect(pool.returned(2, isReusable: true) == [])
        #expect(pool.tick() == [])
        #expect(pool.returned(3, isReusable: true) == [])
        #expect(pool.tick() == [.close(1), .close(2)])
        #expect(pool.ended(1) == [])
        #expect(pool.ended(2) == [])
        #expect(pool.tick() == [])
        #expect(pool.lease(4) == [.lend(3, to: 4)])
    }

    @Test func closingWaitsForConnectionsInUse() {
        var pool = PoolState(minimum: 0, maximum: 2)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.connected(1) == [.lend(1, to: 1)])
        #expect(pool.lease(2) == [.connect(2)])
        #expect(pool.connected(2) == [.lend(2, to: 2)])
        #expect(pool.returned(2, isReusable: true) == [])
        #expect(pool.close() == [.close(2)])
        #expect(pool.close() == [])
        #expect(pool.lease(3) == [.refuse(3)])
        #expect(pool.ended(2) == [])
        #expect(pool.returned(1, isReusable: true) == [.close(1)])
        #expect(pool.ended(1) == [.finish])
    }

    @Test func closingRefusesWaitersAndDropsAttempts() {
        var pool = PoolState(minimum: 0, maximum: 1)
        #expect(pool.lease(1) == [.connect(1)])
        #expect(pool.lease(2) == [])
        #expect(pool.close() == [.refuse(1), .refuse(2)])
        #expect(pool.connected(1) == [.close(1)])
        #expect(pool.ended(1) == [.finish])
        var failing = PoolState(minimum: 0, maximum: 1)
        #expect(failing.lease(1) == [.connect(1)])
        #expect(failing.close() == [.refuse(1)])
        #expect(failing.connectFailed(1, isTransient: true) == [.finish])
        var unused = PoolState(minimum: 3, maximum: 3)
        #expect(unused.close() == [.finish])
    }
}
