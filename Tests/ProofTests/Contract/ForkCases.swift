import Interpreter
import JSON
import Store

extension ContractCase {
    /// Parallel and Map.
    static let forks = [
        ContractCase("a fork is joined by its last branch, with all outputs in order") { bench in
            try await bench.startParallel()
            let children = try await bench.claim()
            try bench.expect(children.count == 3, "three branches are to be claimed, not \(children.count)")
            for (place, child) in children.enumerated().reversed() {
                try bench.expect(try await bench.claim([]).isEmpty, "the fork is not joined while branches run")
                let result = try await bench.send(try await bench.reply(child, "\(place)"))
                try bench.expect(result.applied != nil, "a branch ends")
            }
            let joined = try await bench.one([])
            guard case .joined(let outputs) = joined.outcome else {
                throw ContractViolation(description: "the fork is joined")
            }
            try bench.expect(
                outputs.map(\.text) == ["0", "1", "2"],
                "outputs are in order, not \(outputs.map(\.text))"
            )
            _ = try await bench.commit(joined, try await bench.decide(joined))
            try await bench.checkEnd(.succeeded)
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("branches that end in one call are joined like others") { bench in
            try await bench.startParallel()
            var commits: [StepCommit] = []
            for (place, child) in try await bench.claim().enumerated() {
                commits.append(try await bench.reply(child, "\(place)"))
            }
            let outcome = try await bench.send(commits)
            try bench.expect(outcome.results.allSatisfy { $0.applied != nil }, "all of them end")
            guard case .joined(let outputs) = try await bench.one([]).outcome else {
                throw ContractViolation(description: "the fork is joined")
            }
            try bench.expect(outputs.count == 3, "there is one output for each")
        },
        ContractCase("a Map lets the next item begin when one ends") { bench in
            try await bench.start(
                "M",
                """
                "M": {"Type": "Map", "MaxConcurrency": 2, "End": true, "ItemProcessor": {"StartAt": "I", "States": {
                    \(ContractBench.task("I", "a", #""End": true"#))}}}
                """,
                input: "[10, 11, 12]"
            )
            let map = try await bench.one([])
            _ = try await bench.commit(map, try await bench.decide(map))
            let first = try await bench.claim()
            try bench.expect(first.map { $0.branch.item?.value.text } == ["10", "11"], "two items begin")
            _ = try await bench.send(try await bench.reply(first[1], "110"))
            let next = try await bench.one()
            try bench.expect(next.branch.item?.value.text == "12", "then the third one")
            _ = try await bench.send(try await bench.reply(next, "120"))
            _ = try await bench.send(try await bench.reply(first[0], "100"))
            try await bench.finish()
            try await bench.checkEnd(.succeeded)
            try bench.expect(try await bench.execution.output == "[100,110,120]", "the outputs are in order")
        },
        ContractCase("a failed branch takes its siblings with it, and names who holds them") { bench in
            try await bench.startParallel()
            let children = try await bench.claim(limit: 1) + bench.claim(by: bench.other)
            try bench.expect(children.count == 3, "three branches are to be claimed, not \(children.count)")
            let called = try await bench.decide(children[0])
            let failure = try await bench.decide(children[0], .failed(error: "E", cause: "C"), from: called.branch)
            let late = try await bench.reply(children[1], "1")
            let outcome = try await bench.send([
                StepCommit(
                    lease: children[0].lease,
                    revision: children[0].revision,
                    decision: failure,
                    keepsLease: false
                )
            ])
            try bench.expect(outcome.results[0].applied != nil, "the branch fails")
            try bench.expect(outcome.holders.contains(bench.other), "whoever holds siblings is named")
            try bench.expect(try await bench.send(late, by: bench.other).isRefused, "a sibling's result is refused")
            let held = try await bench.store.extend(
                [children[1].lease],
                bucket: children[1].key.bucket,
                lease: bench.lease
            )
            try bench.expect(held.isEmpty, "a sibling's lease is gone")
            let parent = try await bench.one([])
            let siblings = children.dropFirst().map { AbortedBranch($0.branch, index: Int($0.key.id & 0xFFFF_FFFF)) }
            guard case .branchFailed(let failed) = parent.outcome, failed.error == "E", failed.cause == "C" else {
                throw ContractViolation(description: "the fork has failed with the branch's error")
            }
            try bench.expect(
                failed.iteration == Int(children[0].key.id & 0xFFFF_FFFF)
                    && failed.aborted == siblings.compactMap(\.self),
                "the fork knows what failed and what was cut short: \(failed)"
            )
            _ = try await bench.commit(parent, try await bench.decide(parent))
            try await bench.checkEnd(.failed)
            try bench.expect(try await bench.subject.leftovers() == 0, "nothing is left")
        },
        ContractCase("what ends a fork or an execution is alone in its call") { bench in
            try await bench.startParallel()
            let children = try await bench.claim()
            try bench.expect(children.count == 3, "three branches are to be claimed, not \(children.count)")
            let called = try await bench.decide(children[1])
            let failure = try await bench.decide(children[1], .failed(error: "E", cause: "C"), from: called.branch)
            let outcome = try await bench.send([
                try await bench.reply(children[0], "0"),
                StepCommit(
                    lease: children[1].lease,
                    revision: children[1].revision,
                    decision: failure,
                    keepsLease: false
                ),
                try await bench.reply(children[2], "2"),
            ])
            try bench.expect(outcome.results[0].applied != nil, "the first one is applied")
            try bench.expect(outcome.results[1].isDeferred && outcome.results[2].isDeferred, "the others are put off")
        },
    ]
}

extension ContractBench {
    /// Three branches, each of which calls a function; they are ready.
    fileprivate func startParallel() async throws {
        let branches = ["L", "M", "R"]
            .map { name in
                #"{"StartAt": "\#(name)", "States": {\#(Self.task(name, "a", #""End": true"#))}}"#
            }
        try await start(
            "P",
            #""P": {"Type": "Parallel", "End": true, "Branches": [\#(branches.joined(separator: ", "))]}"#
        )
        let fork = try await one([])
        try expect(try await commit(fork, try await decide(fork)).applied != nil, "the state forks")
    }
}
