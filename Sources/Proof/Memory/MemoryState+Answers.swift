import Expressions
import Interpreter
package import JSON
import Postgres
package import Store

extension MemoryState {
    /// The token of an attempt. Nobody forges tokens in here, so it needs no MAC.
    static func token(_ attempt: TaskAttempt, of key: StepKey) -> String {
        "\(key.bucket)/\(key.execution)/\(key.id)/\(attempt.entry)/\(attempt.attempt)"
    }

    /// An answer from outside.
    ///
    /// - Throws: `.invalidToken`; `.taskTimedOut` when the token's attempt is over.
    package mutating func answerTask(_ token: String, _ result: Result<JSONDocument, TaskError>) throws(StoreError) {
        let row = try findTask(token)
        let outcome: Outcome =
            switch result {
            case .success(let output): .succeeded(output)
            case .failure(let failure): .failed(error: failure.error, cause: failure.cause)
            }
        if row.branch.phase == .submitted || row.status == .ready {
            answer(row.key, outcome)
            return
        }
        answers.append(
            AnswerRow(
                step: row.key,
                entry: row.branch.entry,
                attempt: row.branch.retryCount,
                outcome: outcome,
                arrivedAt: now
            )
        )
        // Should the process that runs the call die, somebody looks all the same.
        steps[row.key]?.wakeAt = min(now.adding(seconds: Int64(1)), row.wakeAt ?? now.adding(seconds: Int64(1)))
    }

    /// What somebody says went wrong with a task.
    package struct TaskError: Error, Sendable {
        package var error: String
        package var cause: String

        package init(error: String, cause: String) {
            self.error = error
            self.cause = cause
        }
    }

    private func findTask(_ token: String) throws(StoreError) -> StepRow {
        let parts = token.split(separator: "/")
        guard parts.count == 5, let bucket = Int32(parts[0]), let execution = PGUUID(String(parts[1])),
            let id = Int64(parts[2]), let entry = Int(parts[3]), let attempt = Int(parts[4])
        else { throw .invalidToken("Invalid token") }
        let key = StepKey(bucket: bucket, execution: execution, id: id)
        guard let row = steps[key], row.branch.entry == entry, row.branch.retryCount == attempt,
            [.invoking, .starting, .submitted].contains(row.branch.phase), row.outcome == nil,
            row.branch.deadline.map({ $0 > now }) ?? true, !answers.contains(where: { $0.isAbout(row) })
        else { throw .taskTimedOut("Provided task does not exist anymore") }
        return row
    }

    /// Hands a step the answer that it waits for. If its call still runs, that is over: its result is refused.
    private mutating func answer(_ key: StepKey, _ outcome: Outcome) {
        guard var row = steps[key] else { return }
        if row.status == .leased, let worker = row.worker { notifyWorkers([worker]) }
        row.becomeReady(at: now, function: "")
        row.branch.phase = .submitted
        row.isSuspect = false
        row.hasStarted = false
        row.losses = 0
        row.outcome = outcome
        steps[key] = row
        notifyWork(in: [key.bucket], from: nil)
    }

    /// Gives a step an answer that came before it began to wait. A call that still runs has a second to return, for its
    /// response to get into the history; then the answer goes first.
    ///
    /// - Returns: whether there was one.
    mutating func takeAnswer(_ key: StepKey) -> Bool {
        guard let row = steps[key], row.outcome == nil,
            let place = answers.firstIndex(where: { $0.isAbout(row) })
        else { return false }
        let answer = answers[place]
        let isCallOver = row.status == .ready || row.leaseUntil.map { $0 <= now } ?? true
        let mayWait = answer.arrivedAt > now.adding(seconds: Int64(-1))
        switch row.branch.phase {
        case .submitted,
            .invoking where isCallOver || !mayWait:
            self.answer(key, answer.outcome)
            answers.remove(at: place)
        case .invoking, .starting:
            let next = now.adding(seconds: Int64(1))
            steps[key]?.wakeAt = row.leaseUntil.map { min($0, next) } ?? next
        default: return false
        }
        return true
    }

    mutating func applyAnswers(bucket: Int32) -> Int {
        var count = 0
        for answer in answers where answer.step.bucket == bucket {
            if let row = steps[answer.step], answer.isAbout(row),
                [.invoking, .starting, .submitted].contains(row.branch.phase)
            {
                if row.branch.phase == .submitted, takeAnswer(row.key) { count += 1 }
            } else {
                answers.removeAll {
                    $0.step == answer.step && $0.entry == answer.entry && $0.attempt == answer.attempt
                }
            }
        }
        return count
    }
}
