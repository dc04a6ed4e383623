import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Postgres

/// Where connections run.
@Suite struct SocketLoopTests {
    @Test("one thing runs at a time, and what a thread has done is done in its order")
    func order() async {
        let threads = 3
        let count = 500
        struct Seen {
            var next: [Int]
            var outOfOrder = 0
        }
        let seen = Mutex(Seen(next: Array(repeating: 0, count: threads)))
        let overlaps = Atomic(0)
        let (finished, isFinished) = AsyncStream.makeStream(of: Void.self)
        for thread in 0..<threads {
            let hasThread = startThread {
                for number in 0..<count {
                    // So that the loop falls asleep now and then, and what comes finds it so.
                    usleep(500)
                    SocketLoop.shared.perform {
                        let isAlone: Void? = seen.withLockIfAvailable { seen in
                            if seen.next[thread] != number { seen.outOfOrder += 1 }
                            seen.next[thread] = number + 1
                            // Long enough for others to come meanwhile.
                            if number.isMultiple(of: 4) { usleep(200) }
                        }
                        if isAlone == nil { overlaps.add(1, ordering: .relaxed) }
                        if number == count - 1 { isFinished.yield() }
                    }
                }
            }
            #expect(hasThread)
        }
        var iterator = finished.makeAsyncIterator()
        for _ in 0..<threads { await iterator.next() }
        #expect(overlaps.load(ordering: .relaxed) == 0)
        #expect(seen.withLock(\.outOfOrder) == 0)
    }

    @Test("what comes meanwhile waits until what runs is over, whichever thread runs it")
    func meanwhile() async {
        let entered = DispatchSemaphore(value: 0)
        let goOn = DispatchSemaphore(value: 0)
        let (order, isOver) = AsyncStream.makeStream(of: String.self)
        let hasThread = startThread {
            SocketLoop.shared.perform {
                entered.signal()
                goOn.wait()
                isOver.yield("first")
            }
        }
        #expect(hasThread)
        await withCheckedContinuation { continuation in
            DispatchQueue.global()
                .async {
                    entered.wait()
                    continuation.resume()
                }
        }
        SocketLoop.shared.perform { isOver.yield("second") }
        goOn.signal()
        var iterator = order.makeAsyncIterator()
        #expect(await iterator.next() == "first")
        #expect(await iterator.next() == "second")
    }
}
