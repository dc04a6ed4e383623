package import Interpreter
import Synchronization

/// What the Tasks of a machine come to in a test, by their state's name.
package struct TaskMocks: Sendable {
    /// The answers of one state, call by call.
    package struct Answers: Sendable {
        /// Which calls, counted from 0, get which answer.
        package var calls: [(range: ClosedRange<Int>, work: MockedWork)]
        /// Whether every later call gets the last answer too.
        package var repeatsLast: Bool

        package init(_ calls: [(range: ClosedRange<Int>, work: MockedWork)], repeatsLast: Bool = false) {
            self.calls = calls
            self.repeatsLast = repeatsLast
        }

        func work(ofCall number: Int) -> MockedWork? {
            calls.first { $0.range.contains(number) }?.work ?? (repeatsLast ? calls.last?.work : nil)
        }
    }

    package var answers: [String: Answers]

    package init(_ answers: [String: Answers] = [:]) { self.answers = answers }
}

/// Hands out the answers of one run, and keeps what nobody had an answer for.
final class TaskMockPlayer: Sendable {
    private let mocks: TaskMocks
    private let state = Mutex(State())

    private struct State {
        var calls: [String: Int] = [:]
        var missing: [String] = []
    }

    init(_ mocks: TaskMocks) { self.mocks = mocks }

    /// Sentences about calls that had no answer.
    var problems: [String] { state.withLock(\.missing) }

    func work(of task: MockedTask) -> MockedWork {
        state.withLock { state in
            let number = state.calls[task.state, default: 0]
            state.calls[task.state] = number + 1
            if let work = mocks.answers[task.state]?.work(ofCall: number) { return work }
            let problem = "call \(number + 1) of state '\(task.state)' has no mock"
            if state.missing.count < 20 { state.missing.append(problem) }
            return .failure(error: "Stepwell.NoMock", cause: problem)
        }
    }
}
