import Interpreter
import JSON
import Store

extension ContractCase {
    /// What a decision does to its own step.
    static let transitions = [
        ContractCase("the same call again is told that it was applied, and changes nothing") { bench in
            try await bench.startChain()
            let commit = try await bench.reply(try await bench.one(), "1", keepsLease: true)
            let first = try bench.require(try await bench.send(commit).applied, "the holder's decision is applied")
            let again = try bench.require(try await bench.send(commit).applied, "the same call again is not refused")
            try bench.expect(first.lease == again.lease && first.branch == again.branch, "it gets the same answer")
            try bench.expect(try await bench.send(commit, by: bench.other).isRefused, "others get another one")
            let count = try await bench.execution.events.count
            try bench.expect(
                count == 1 + commit.decision.branch.events.count,
                "its events are there once, not \(count)"
            )
        },
        ContractCase("a kept lease has a new fence: one state's result is never the next one's") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            let first = try bench.require(
                try await bench.send(try await bench.reply(step, "1", keepsLease: true)).applied,
                "the holder's decision is applied"
            )
            try bench.expect(first.lease.fence > step.lease.fence, "the fence is raised")
            let count = try await bench.execution.events.count
            let decision = try await bench.decide(step, .succeeded(JSONDocument(2)), from: first.branch)
            func next(_ lease: StepLease) -> StepCommit {
                StepCommit(lease: lease, revision: step.revision, decision: decision, keepsLease: true)
            }
            if case .applied(let lease, _, _) = try await bench.send(next(step.lease)) {
                try bench.expect(lease == first.lease, "under the old fence nothing new is applied")
            }
            try bench.expect(try await bench.execution.events.count == count, "nothing was written")
            try bench.expect(
                try await bench.send(next(first.lease)).applied?.branch.state == "C",
                "under the new one it is"
            )
        },
        ContractCase("the same call again does not take over the lease of a later claim by the same worker") { bench in
            try await bench.startChain()
            let commit = try await bench.reply(try await bench.one(), "1", keepsLease: true)
            let kept = try bench.require(try await bench.send(commit).applied, "the holder's decision is applied").lease
            let bucket = kept.key.bucket
            _ = try await bench.store.release([kept], bucket: bucket, worker: bench.worker, delay: .zero)
            let claimed = try await bench.one(["a", "b", "c"])
            try bench.expect(claimed.lease.fence > kept.fence, "the step is claimed again")
            try bench.expect(try await bench.send(commit).isRefused, "whoever had it before has it no more")
            let handOver = try await bench.reply(claimed, "2", keepsLease: false)
            _ = try bench.require(try await bench.send(handOver).applied, "the holder's decision is applied")
            let next = try await bench.one(["a", "b", "c"])
            let again = try bench.require(try await bench.send(handOver).applied, "the same call again is not refused")
            try bench.expect(again.lease.fence < next.lease.fence, "it does not speak of the new lease")
        },
        ContractCase("a decision under any other fence is refused") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            for difference: Int64 in [-1, 1, 5] {
                let commit = try await bench.reply(step, "1").fenced(off: difference)
                try bench.expect(try await bench.send(commit).isRefused, "fence \(difference) off is refused")
                let end = StepCommit(
                    lease: commit.lease,
                    revision: commit.revision,
                    decision: commit.decision.followed(by: .endExecution(.failed(error: "E", cause: nil))),
                    keepsLease: false
                )
                try bench.expect(try await bench.send(end).isRefused, "an end, fence \(difference) off, is refused")
            }
            try bench.expect(try await bench.execution.events.count == 1, "nothing was written")
        },
        ContractCase("a step that nobody holds takes no decision") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            let commit = try await bench.reply(step, "1")
            _ = try await bench.store.release([step.lease], bucket: step.key.bucket, worker: bench.worker, delay: .zero)
            for difference: Int64 in [0, 1] {
                try bench.expect(try await bench.send(commit.fenced(off: difference)).isRefused, "it is refused")
            }
        },
        ContractCase("executions count their events for themselves") { bench in
            try await bench.startChain()
            _ = try await bench.subject.open(ContractBench.machine, "y", "{}")
            try await bench.finish()
            try await bench.checkEnd(.succeeded)
            try await bench.checkEnd(.succeeded, of: "y")
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("a wait is over when its time has come, and not before") { bench in
            try await bench.start("W", #""W": {"Type": "Wait", "Seconds": 60, "End": true}"#)
            let step = try await bench.one()
            _ = try await bench.commit(step, try await bench.decide(step))
            try await bench.subject.letTimePass(.seconds(50))
            try bench.expect(try await bench.claim().isEmpty, "before that nobody gets it")
            try await bench.subject.letTimePass(.seconds(11))
            try await bench.finish()
            try await bench.checkEnd(.succeeded)
        },
        ContractCase("a task is answered once, by whoever has its token") { bench in
            let token = try await bench.waitForToken()
            try await bench.subject.answer(token, #"{"answer":1}"#)
            try await bench.expectOver(token)
            try await bench.finish(["ask"])
            try await bench.checkEnd(.succeeded)
            try bench.expect(try await bench.execution.output == #"{"answer":1}"#, "the answer is the result")
            try await bench.expectOver(token)
        },
        ContractCase("an answer that comes before the call has returned is kept for it") { bench in
            let (step, token) = try await bench.callWithToken()
            try await bench.subject.answer(token, #"{"answer":2}"#)
            try await bench.expectOver(token)
            let returned = try await bench.decide(step, .succeeded(JSONDocument(.null)), from: step.branch)
            try bench.expect(try await bench.commit(step, returned).applied != nil, "the call's response is recorded")
            _ = try await bench.store.applyAnswers(bucket: step.key.bucket)
            try await bench.finish(["ask"])
            try bench.expect(try await bench.execution.output == #"{"answer":2}"#, "the answer is the result")
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("an answer that nobody waits for any more is dropped") { bench in
            let (step, token) = try await bench.callWithToken()
            try await bench.subject.answer(token, #"{"answer":4}"#)
            try await bench.subject.stop(ContractBench.machine, "x")
            _ = try await bench.store.applyAnswers(bucket: step.key.bucket)
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("an answer goes first when the call does not return") { bench in
            let (step, token) = try await bench.callWithToken()
            try await bench.subject.answer(token, #"{"answer":3}"#)
            try await bench.subject.letTimePass(.seconds(3))
            try await bench.sweep()
            let returned = try await bench.decide(step, .succeeded(JSONDocument(.null)), from: step.branch)
            try bench.expect(try await bench.commit(step, returned).isRefused, "the call's response comes too late")
            try await bench.finish(["ask"])
            try bench.expect(try await bench.execution.output == #"{"answer":3}"#, "the answer is the result")
        },
        ContractCase("a task that nobody answers in time is over") { bench in
            let token = try await bench.waitForToken(#""TimeoutSeconds": 50,"#)
            try await bench.subject.letTimePass(.seconds(51))
            try await bench.expectOver(token)
            try await bench.sweep()
            try await bench.finish(["ask"])
            try await bench.checkEnd(.failed)
            try bench.expect(try await bench.execution.error == "States.Timeout", "it has timed out")
        },
        ContractCase("a task without a sign of life is over") { bench in
            let token = try await bench.waitForToken(#""HeartbeatSeconds": 40, "TimeoutSeconds": 900,"#)
            // The first look is a second after the wait began, the next when the heartbeat is due.
            for seconds in [2, 30] {
                try await bench.subject.letTimePass(.seconds(seconds))
                try await bench.sweep()
                try bench.expect(try await bench.claim(["ask"]).isEmpty, "until then it waits")
            }
            try await bench.subject.letTimePass(.seconds(15))
            try await bench.sweep()
            try await bench.finish(["ask"])
            try await bench.expectOver(token)
            try bench.expect(try await bench.execution.error == "States.Timeout", "its heartbeat was missed")
        },
    ]
}

extension ContractBench {
    /// A call with a task token that is on record, as a worker that still runs it sees it.
    fileprivate func callWithToken(_ more: String = "") async throws -> (step: ClaimedStep, token: String) {
        try await start(
            "T",
            """
            "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", \(more)
                "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}, "End": true}
            """
        )
        let step = try await one(["ask"])
        let called = try await decide(step)
        guard case .invoke(let call) = called.next, let token = try call.input.value()["token"]?.string else {
            throw ContractViolation(description: "the task calls its function with a token")
        }
        let kept = try require(try await commit(step, called, keepsLease: true).applied, "the call is recorded")
        let held = ClaimedStep(
            lease: kept.lease,
            revision: step.revision,
            execution: step.execution,
            branch: kept.branch,
            outcome: step.outcome,
            isSuspect: step.isSuspect,
            losses: step.losses
        )
        return (held, token)
    }

    /// The token of a task that waits for its answer.
    fileprivate func waitForToken(_ more: String = "") async throws -> String {
        let (step, token) = try await callWithToken(more)
        let returned = try await decide(step, .succeeded(JSONDocument(.null)), from: step.branch)
        try expect(try await commit(step, returned).applied != nil, "the call's response is recorded")
        return token
    }

    fileprivate func expectOver(_ token: String) async throws {
        do {
            try await subject.answer(token, "0")
        } catch StoreError.taskTimedOut {
            return
        }
        throw ContractViolation(description: "a task that is over is not answered")
    }
}
