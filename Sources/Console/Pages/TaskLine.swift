import Hummingbird
import JSON
import Server
import Store

/// A task of an execution that waits for an answer with its token, and that answer given from the page.
struct TaskLine {
    let state: String
    let entered: Moment?
    /// What the form is filled with: which attempt at which task is answered.
    let fields: String

    private static let most = 20

    /// - Returns: none for those who may not answer.
    static func load(_ page: ExecutionPage) async throws -> [TaskLine] {
        guard page.visit.may("SendTaskSuccess", on: page.owner) || page.visit.may("SendTaskFailure", on: page.owner)
        else { return [] }
        return try await page.store.pendingTasks(of: page.arn, limit: most)
            .map { task in
                TaskLine(
                    state: task.state,
                    entered: task.enteredAt.map(Moment.init),
                    fields: "step=\(task.step)&entry=\(task.entry)&attempt=\(task.attempt)"
                )
            }
    }
}

extension ExecutionPage {
    /// Answers a task that waits. What the page names is an attempt: if that is over, nothing is answered.
    func answer(_ fields: Fields) async throws -> Response {
        guard let outcome = fields["outcome"], ["success", "failure"].contains(outcome) else {
            throw APIError.validation("The form does not say how it answers.")
        }
        let isFailure = outcome == "failure"
        let action = isFailure ? "SendTaskFailure" : "SendTaskSuccess"
        try visit.require(action, on: owner)
        guard let step = fields["step"].flatMap({ Int64($0) }), let entry = fields["entry"].flatMap({ Int($0) }),
            let attempt = fields["attempt"].flatMap({ Int($0) })
        else { throw APIError.validation("The form does not say which task it answers.") }
        let token = try await store.taskToken(step: step, entry: entry, attempt: attempt, in: arn)
        var arguments: JSONObject = ["taskToken": .string(token)]
        if isFailure {
            if let error = fields.filled("error") { arguments["error"] = .string(error) }
            if let cause = fields.filled("cause") { arguments["cause"] = .string(cause) }
        } else {
            arguments["output"] = .string(fields.filled("output") ?? "{}")
        }
        try await visit.perform(action, on: arn, arguments)
        return .goOn(to: address())
    }
}
