import Foundation
import Synchronization

/// Runs what takes call stack with the depth of what it reads: a text chooses that, and the stacks that Swift's tasks run
/// on have half a megabyte.
enum DeepStack {
    private static let size = 256 << 20

    /// The answer once it is there.
    private final class Answer<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, Failure>?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let answer = Answer<Value>()
        let thread = Thread {
            let result = Result { () throws(Failure) in try body() }
            answer.result.withLock { $0 = result }
            answer.isThere.signal()
        }
        thread.stackSize = size
        thread.start()
        answer.isThere.wait()
        guard let result = answer.result.withLock(\.self) else {
            throw Failure(.unavailable, "a thread with a stack of 256 MiB has ended without an answer")
        }
        return try result.get()
    }
}
