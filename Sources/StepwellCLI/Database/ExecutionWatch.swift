import StatesLanguage
import Store

/// Looks at an execution until it has ended.
struct ExecutionWatch {
    let arn: String
    let store: Store

    /// The execution as it ended. What keeps it from moving for longer than a second is said on standard error, once
    /// per reason.
    ///
    /// - Parameter look: is shown the execution whenever it was looked at, at last as it ended.
    func untilEnd(
        _ look: (ExecutionDescription) async throws -> Void = { _ in }
    ) async throws -> ExecutionDescription {
        var pause = Duration.milliseconds(10)
        var waited = Duration.zero
        var said: Set<String> = []
        while true {
            let execution = try await store.describe(arn)
            try await look(execution)
            guard execution.summary.status == .running else { return execution }
            if waited > .seconds(1) {
                for step in execution.steps where said.insert("\(step.status) \(step.state)").inserted {
                    let reason = step.sentence(at: execution.observedAt)
                    Console.note("waiting: \(step.place.printable): \(reason)")
                }
            }
            try await Task.sleep(for: pause)
            waited += pause
            pause = min(pause * 2, .seconds(1))
        }
    }
}
