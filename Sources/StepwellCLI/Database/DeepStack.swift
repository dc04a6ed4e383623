import Foundation
import Synchronization

/// Runs what takes call stack with the depth of what it reads: a text chooses that, and the stacks that Swift's tasks run
/// on have half a megabyte.
enum DeepStack {
    private static let size = 256 << 20

    /// The answer once it is there.
    private final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        let answer = Answer<Value>()
        let thread = Thread {
            let value = body()
            answer.value.withLock { $0 = value }
            answer.isThere.signal()
        }
        thread.stackSize = size
        thread.start()
        answer.isThere.wait()
        guard let value = answer.value.withLock(\.self) else { preconditionFailure("the thread has left an answer") }
        return value
    }
}
