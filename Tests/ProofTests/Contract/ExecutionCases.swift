import Interpreter
import JSON
import Store

extension ContractCase {
    /// Starts, ends, and what crosses buckets.
    static let executions = [
        ContractCase("a name is one execution, as often as it is started") { bench in
            try await bench.startChain()
            try bench.expect(
                try await bench.subject.open(ContractBench.machine, "x", "{}") == false,
                "the same start again finds the first one"
            )
            try await bench.expectTaken(#"{"other": 1}"#)
            try bench.expect(try await bench.claim().count == 1, "there is one step")
        },
        ContractCase("the name of an execution that has ended stays taken") { bench in
            try await bench.startChain()
            try await bench.finish()
            try await bench.checkEnd(.succeeded)
            try await bench.expectTaken("{}")
        },
        ContractCase("an execution that ends leaves nothing, its timer neither") { bench in
            try await bench.start("A", ContractBench.task("A", "a", #""End": true"#), more: #""TimeoutSeconds": 60,"#)
            try await bench.finish()
            try await bench.checkEnd(.succeeded)
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
            try await bench.subject.letTimePass(.seconds(61))
            try bench.expect(try await bench.claim().isEmpty, "no timer fires")
        },
        ContractCase("an execution whose time is over takes its steps with it") { bench in
            try await bench.start("A", ContractBench.task("A", "a", #""End": true"#), more: #""TimeoutSeconds": 60,"#)
            let step = try await bench.one()
            try await bench.subject.letTimePass(.seconds(20))
            try bench.expect(try await bench.claim().isEmpty, "before that no timer fires")
            let late = try await bench.reply(step, "1")
            try await bench.subject.letTimePass(.seconds(41))
            let timer = try await bench.one(by: bench.other)
            try bench.expect(timer.key.isTimer, "its timer fires")
            let outcome = try await bench.send(
                [
                    StepCommit(
                        lease: timer.lease,
                        revision: timer.revision,
                        decision: try await bench.decide(timer),
                        keepsLease: false
                    )
                ],
                by: bench.other
            )
            try bench.expect(outcome.holders == [bench.worker], "whoever holds its steps is named")
            try bench.expect(try await bench.send(late).isRefused, "their results are refused")
            try await bench.checkEnd(.timedOut)
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("an execution that is stopped takes its steps with it") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            let late = try await bench.reply(step, "1")
            try await bench.subject.stop(ContractBench.machine, "x")
            try bench.expect(try await bench.send(late).isRefused, "their results are refused")
            let kept = try await bench.store.extend([step.lease], bucket: step.key.bucket, lease: bench.lease)
            try bench.expect(kept.isEmpty, "their leases are gone")
            try await bench.subject.stop(ContractBench.machine, "x")
            try await bench.checkEnd(.aborted)
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("a child is started once and its end is heard once, however often messages are delivered") {
            bench in
            try await bench.startParent()
            try await bench.subject.keepMessages()
            try await bench.deliver()
            let parent = try await bench.one([])
            guard case .submitted = parent.outcome else {
                throw ContractViolation(description: "the parent hears that its child has started")
            }
            try await bench.subject.repeatMessages()
            try await bench.deliver()
            let submitted = try await bench.commit(parent, try await bench.decide(parent))
            try bench.expect(submitted.applied != nil, "it goes on undisturbed")
            try await bench.subject.repeatMessages()
            try await bench.deliver()
            try bench.expect(try await bench.claim([]).isEmpty, "a start that comes again is not the child's end")
            let child = try await bench.one()
            _ = try await bench.send(try await bench.reply(child, #"{"child": 1}"#))
            try await bench.subject.keepMessages()
            try await bench.deliver()
            let heard = try await bench.one([])
            guard case .succeeded = heard.outcome else {
                throw ContractViolation(description: "the parent hears of its child's end")
            }
            try await bench.subject.repeatMessages()
            try await bench.deliver()
            let concluded = try await bench.commit(heard, try await bench.decide(heard))
            try bench.expect(concluded.applied != nil, "it ends undisturbed")
            try await bench.finish()
            try await bench.checkEnd(.succeeded)
            try bench.expect(try await bench.execution.output == #"{"child":1}"#, "the child's output is the result")
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("executions that nobody waits for any more are stopped") { bench in
            try await bench.startParent()
            try await bench.deliver()
            let parent = try await bench.one([])
            _ = try await bench.commit(parent, try await bench.decide(parent))
            try await bench.subject.stop(ContractBench.machine, "x")
            for _ in 0..<3 { try await bench.deliver() }
            try await bench.checkEnd(.aborted)
            try await bench.checkEnd(.aborted, of: "kid", machine: "Child")
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
    ]
}

extension ContractBench {
    fileprivate func expectTaken(_ input: String) async throws {
        do {
            _ = try await subject.open(Self.machine, "x", input)
        } catch StoreError.executionAlreadyExists {
            return
        }
        throw ContractViolation(description: "a name that is taken is refused")
    }

    fileprivate func deliver() async throws {
        for bucket in 0..<store.settings.buckets { _ = try await store.deliverOutbox(bucket: bucket, limit: 100) }
    }

    /// A parent that has asked for its child and waits.
    fileprivate func startParent() async throws {
        try await subject.deploy(
            "Child",
            #"{"StartAt": "A", "States": {\#(Self.task("A", "a", #""End": true"#))}}"#
        )
        try await start(
            "S",
            """
            "S": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "OutputPath": "$.Output",
                "Parameters": {"StateMachineArn": "Child", "Name": "kid", "Input": {}}, "End": true}
            """
        )
        let parent = try await one([])
        try expect(try await commit(parent, try await decide(parent)).applied != nil, "the parent asks for its child")
    }
}
