import Expressions
import Interpreter
import JSON
import Store
import Testing

/// One promise of the contract, and how it is tried.
struct ContractCase: Sendable, CustomTestStringConvertible {
    let name: String
    let body: @Sendable (ContractBench) async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (ContractBench) async throws -> Void) {
        self.name = name
        self.body = body
    }

    var testDescription: String { name }

    static let all = leases + transitions + forks + executions
}

extension ContractCase {
    /// Who has a step, and for how long.
    static let leases = [
        ContractCase("a step is claimed once, by workers of its function, the longest waiting first") { bench in
            try await bench.startChain()
            try bench.expect(try await bench.claim(["b"]).isEmpty, "workers of other functions get nothing")
            _ = try await bench.subject.open(ContractBench.machine, "y", "{}")
            try bench.expect(try await bench.claim(limit: 1).count > 0, "workers of the function get it")
            _ = try await bench.claim()
            try bench.expect(try await bench.claim(by: bench.other).isEmpty, "what is claimed is nobody else's")
        },
        ContractCase("every claim and every release raises the fence") { bench in
            try await bench.startChain()
            let first = try await bench.one()
            let released = try await bench.store.release(
                [first.lease],
                bucket: first.key.bucket,
                worker: bench.worker,
                delay: .zero
            )
            try bench.expect(released == 1, "the holder can give a step back")
            let second = try await bench.one()
            try bench.expect(second.lease.fence >= first.lease.fence + 2, "both have raised the fence")
            try bench.expect(!second.isSuspect, "what was given back is no suspect")
        },
        ContractCase(
            "a step in a lane is claimed by its place there, and keeps that when its lease is given back or lost"
        ) {
            bench in
            try await bench.startChain()
            let step = try await bench.one()
            var decision = try await bench.decide(step)
            guard case .invoke(let call) = decision.next else {
                throw ContractViolation(description: "the function is to be called")
            }
            let place = try await bench.store.probe(functions: []).now.adding(seconds: Int64(-1000))
            decision = decision.followed(by: .invoke(call.of("a#", place: place)))
            _ = try await bench.commit(step, decision)
            try bench.expect(try await bench.claim().isEmpty, "it is not in the function's own queue")
            func claim() async throws -> Claim {
                try await bench.store.claim(
                    bucket: step.key.bucket,
                    functions: ["a#"],
                    limit: 1,
                    worker: bench.worker,
                    lease: bench.lease,
                    from: nil
                )
            }
            let first = try await claim()
            try bench.expect(first.readySince == place, "its place is its own")
            _ = try await bench.store.release(
                first.steps.map(\.lease),
                bucket: step.key.bucket,
                worker: bench.worker,
                delay: .zero
            )
            try bench.expect(try await claim().readySince == place, "it is given back to its place")
            _ = try await bench.store.releaseWorker(bench.worker)
            try bench.expect(try await claim().readySince == place, "a lost lease leaves it there")
        },
        ContractCase("only the holder gives a step back, and only under its fence") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            let key = step.key
            var stale = step.lease
            stale.fence -= 1
            let byOther = try await bench.store.release(
                [step.lease],
                bucket: key.bucket,
                worker: bench.other,
                delay: .zero
            )
            let byOldSelf = try await bench.store.release(
                [stale],
                bucket: key.bucket,
                worker: bench.worker,
                delay: .zero
            )
            try bench.expect(byOther == 0, "another worker can't give it back")
            try bench.expect(byOldSelf == 0, "an old fence can't give it back")
            try bench.expect(try await bench.claim().isEmpty, "it is still held")
        },
        ContractCase("a release after a lost answer gives the kept lease back, too") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            _ = try await bench.send(try await bench.reply(step, "1", keepsLease: true))
            let released = try await bench.store.release(
                [step.lease],
                bucket: step.key.bucket,
                worker: bench.worker,
                delay: .zero
            )
            try bench.expect(released == 1, "the lease that followed counts as the one that was named")
            try bench.expect(try await bench.one().branch.state == "B", "the transition holds")
        },
        ContractCase("a release can be put off") { bench in
            try await bench.startChain()
            let step = try await bench.one()
            let key = step.key
            _ = try await bench.store.release(
                [step.lease],
                bucket: key.bucket,
                worker: bench.worker,
                delay: .seconds(60)
            )
            try bench.expect(try await bench.claim().isEmpty, "nobody gets it before its time")
            let probe = try await bench.store.probe(functions: ["a"])
            try bench.expect(
                probe.buckets[Int(key.bucket)].nextReady.map { $0 > probe.now } ?? false,
                "a probe sees when"
            )
            try await bench.subject.letTimePass(.seconds(61))
            _ = try await bench.one()
        },
        ContractCase("a lease is extended for its holder only") { bench in
            try await bench.startChain()
            let step = try await bench.one(lease: .seconds(5))
            var stale = step.lease
            stale.fence -= 1
            let kept = try await bench.store.extend([stale], bucket: step.key.bucket, lease: .seconds(500))
            try bench.expect(kept.isEmpty, "an old fence extends nothing")
            try await bench.subject.letTimePass(.seconds(6))
            try await bench.sweep()
            _ = try await bench.one(by: bench.other)
        },
        ContractCase("what is extended is not rescued") { bench in
            try await bench.startChain()
            let step = try await bench.one(lease: .seconds(5))
            // Twice: the end of a first lease is noticed in another way than that of a later one.
            for (lease, pause) in [(20, 6), (500, 30)] {
                let kept = try await bench.store.extend([step.lease], bucket: step.key.bucket, lease: .seconds(lease))
                try bench.expect(kept == [step.key], "the holder extends its lease")
                try await bench.subject.letTimePass(.seconds(pause))
                try await bench.sweep()
                try bench.expect(try await bench.claim(by: bench.other).isEmpty, "it is still held")
            }
            try bench.expect(try await bench.send(try await bench.reply(step, "1")).applied != nil, "its result counts")
        },
        ContractCase("what a transition keeps is not rescued when the first lease ends") { bench in
            try await bench.startChain()
            let step = try await bench.one(lease: .seconds(5))
            try await bench.subject.letTimePass(.seconds(3))
            let kept = try await bench.send(try await bench.reply(step, "1", keepsLease: true))
            try bench.expect(kept.applied != nil, "the transition keeps the lease, for as long as a new one")
            try await bench.subject.letTimePass(.seconds(3))
            try await bench.sweep()
            try bench.expect(try await bench.claim(by: bench.other).isEmpty, "it is still held")
        },
        ContractCase("an extended lease that is over is rescued") { bench in
            try await bench.startChain()
            let step = try await bench.one(lease: .seconds(5))
            for pause in [4, 12] {
                _ = try await bench.store.extend([step.lease], bucket: step.key.bucket, lease: .seconds(10))
                try await bench.subject.letTimePass(.seconds(pause))
                try await bench.sweep()
            }
            try bench.expect(try await bench.one(by: bench.other).isSuspect, "it is a suspect")
        },
        ContractCase("a lease that runs is not rescued, one that is over is, and its holder is refused") { bench in
            try await bench.startChain()
            let zombie = try await bench.one(lease: .seconds(5))
            let late = try await bench.reply(zombie, #""zombie""#)
            try await bench.sweep()
            try bench.expect(try await bench.claim(by: bench.other).isEmpty, "before its end nobody takes it")
            try await bench.subject.letTimePass(.seconds(6))
            try await bench.sweep()
            try bench.expect(try await bench.send(late).isRefused, "after the rescue the old holder is refused")
            let second = try await bench.one(by: bench.other)
            try bench.expect(second.isSuspect, "it is a suspect")
            try bench.expect(second.branch.retryCount == 0, "a lost lease is no retry")
            try bench.expect(try await bench.send(late).isRefused, "while another has it, the old holder is refused")
            let live = try await bench.reply(second, #""live""#)
            try bench.expect(
                try await bench.send(live, by: bench.other).applied != nil,
                "the new holder's result counts"
            )
            try bench.expect(try await bench.send(late).isRefused, "afterwards the old holder is refused")
            try bench.expect(try await bench.one().branch.input.text == #""live""#, "the live result goes on")
        },
        ContractCase("a successor takes the steps of its dead self, and no others") { bench in
            try await bench.startChain()
            _ = try await bench.one()
            try bench.expect(try await bench.store.releaseWorker(bench.other) == 0, "others keep theirs")
            try bench.expect(try await bench.store.releaseWorker(bench.worker) == 1, "its own are free at once")
            try bench.expect(try await bench.one(by: bench.other).isSuspect, "they are suspects")
        },
        ContractCase("a suspect fails after it has ended three workers, and runs that never began don't count") {
            bench in
            try await bench.startChain()
            for _ in 0..<4 {
                _ = try await bench.one(lease: .seconds(1))
                try await bench.subject.letTimePass(.seconds(2))
                try await bench.sweep()
            }
            for _ in 0..<3 {
                let step = try await bench.one(lease: .seconds(1))
                try bench.expect(step.isSuspect && step.outcome == .due, "it runs again")
                try bench.expect(try await bench.store.startSuspect(step.lease), "its holder may start it")
                try await bench.subject.letTimePass(.seconds(2))
                try await bench.sweep()
                try bench.expect(try await bench.store.startSuspect(step.lease) == false, "its old holder may not")
            }
            guard case .failed("Runtime.ExitError", _) = try await bench.one().outcome else {
                throw ContractViolation(description: "the third time it fails")
            }
        },
    ]
}
