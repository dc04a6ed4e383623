import Foundation
import Postgres
import PostgresTestSupport
import ProcessTestSupport
import Testing

/// Commands for those who watch, and for changes of many executions.
@Suite("Watching on the command line")
struct WatchingTests {
    private func prepared(executions: Int = 3) async throws -> CommandLineProgram {
        let stepwell = try await CommandLineProgram.withDatabase()
        let definition = #"""
            {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": true,
                "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work"}}}
            """#
        _ = try await stepwell("deploy", stepwell.file("Order.asl.json", definition))
        for number in 0..<executions {
            let outcome = try await stepwell("start", "Order", "--name", "o\(number)", "--input", #"{"n": \#(number)}"#)
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
        return stepwell
    }

    private func names(_ stepwell: CommandLineProgram, _ arguments: String...) async throws -> [String] {
        let page = try await stepwell.run(["list", "--json"] + arguments).json
        return (page["executions"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    }

    @Test func whySaysThatNobodyOffersTheFunction() async throws {
        let stepwell = try await prepared(executions: 1)
        defer { stepwell.cleanUp() }
        let text = try await stepwell("why", "Order:o0")
        #expect(text.status == 0)
        #expect(
            text.output == """
                STATE  WHY IT STANDS
                Work   no live worker offers work

                0 workers live: stepwell workers

                """
        )
        let json = try await stepwell("why", "Order:o0", "--json").json
        let branches = try #require(json["branches"] as? [[String: Any]])
        #expect(branches.map { $0["status"] as? String } == ["no worker"])
        #expect(branches.map { $0["function"] as? String } == ["work"])
        _ = try await stepwell("stop", "Order:o0")
        #expect(try await stepwell("why", "Order:o0").output.hasPrefix("it has ended: ABORTED at 2"))
        #expect(try await stepwell("why", "Order:none").status == 2)
    }

    @Test func branchesWithTheSameReasonMakeOneLine() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let definition = #"""
            {"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Work",
                "States": {"Work": {"Type": "Task", "End": true,
                    "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work"}}}}}}
            """#
        _ = try await stepwell("deploy", stepwell.file("Many.asl.json", definition))
        let worker = try await stepwell.start("worker")
        _ = try await stepwell("start", "Many", "--name", "m", "--input", "[1, 2, 3]")
        var text = ""
        repeat { text = try await stepwell("why", "Many:m").output } while !text.contains("×")
        #expect(text.contains("Each        waits for 3 branches to finish\n"))
        #expect(text.contains("Work (× 3)  no live worker offers work\n"))
        #expect(text.contains("1 worker lives"))
        let workers = try await stepwell("workers", "--json").json
        let listed = try #require(workers["workers"] as? [[String: Any]])
        #expect(listed.count == 1 && listed[0]["lives"] as? Bool == true)
        let table = try await stepwell("workers").output.split(separator: "\n")
        #expect(table.count == 2 && table[0].hasPrefix("WORKER"))
        worker.send(SIGTERM)
        #expect(try await worker.status() == 0)
        #expect(try await stepwell("workers").errors == "no workers\n")
    }

    @Test func queueCountsWhatThereIsToDo() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let json = try await stepwell("queue", "--json").json
        #expect(json["openExecutions"] as? Int == 3)
        let queues = try #require(json["functions"] as? [[String: Any]])
        #expect(queues.map { $0["function"] as? String } == ["work"])
        #expect(queues.map { $0["ready"] as? Int } == [3])
        #expect(queues.map { $0["workers"] as? Int } == [0])
        let text = try await stepwell("queue").output.split(separator: "\n")
        #expect(text.first == "3 executions are open, 0 workers live")
        #expect(text.count == 3)
    }

    @Test func anExecutionIsFollowedUntilItEnds() async throws {
        let stepwell = try await prepared(executions: 1)
        defer { stepwell.cleanUp() }
        let watch = try await stepwell.start("watch", "Order:o0")
        #expect(await watch.hears("1 ") != nil)
        _ = try await stepwell("stop", "Order:o0", "--cause", "enough")
        #expect(await watch.hears("2 ") != nil)
        #expect(try await watch.status() == 1)
        let again = try await stepwell("watch", "Order:o0")
        #expect(again.status == 1)
        let lines = again.output.split(separator: "\n")
        #expect(lines.count == 3 && lines[1].contains("ExecutionStarted") && lines[2].hasSuffix("enough"))
        #expect(again.errors.hasPrefix("ABORTED arn:"))
        let json = try await stepwell("watch", "Order:o0", "--json").output.split(separator: "\n")
        #expect(json.count == 2 && json[1].contains(#""ExecutionAborted""#))
        #expect(try await stepwell("watch", "Order:none").status == 2)
    }

    @Test func theFlowOfTheQueueIsALineForEachLook() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let flow = try await stepwell("watch", "--every", "1", "--count", "2").output.split(separator: "\n")
        #expect(flow.count == 3)
        #expect(
            flow.map { $0.split(separator: " ").count } == [10, 11, 11] && flow[0].hasPrefix("TIME"),
            "\(flow)"
        )
        #expect(flow[2].split(separator: " ").suffix(3) == ["0.0", "0.0", "0"])
        let json = try await stepwell("watch", "--count", "1", "--json").json
        #expect(json["ready"] as? Int == 3 && json["openExecutions"] as? Int == 3)
        for wrong in [["--every", "0"], ["--count", "0"], ["Order:o0", "--count", "1"]] {
            #expect(try await stepwell.run(["watch"] + wrong).status == 64)
        }
    }

    @Test func listFindsByTimeNameAndInput() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        #expect(try await names(stepwell, "--since", "1h", "--name-prefix", "o") == ["o2", "o1", "o0"])
        #expect(try await names(stepwell, "--before", "1h").isEmpty)
        #expect(try await names(stepwell, "--where", "n=1") == ["o1"])
        #expect(try await stepwell("list", "--since", "yesterday").status == 64)
        #expect(try await stepwell("list", "--after", "there").status == 2)
    }

    @Test func manyAreStoppedAfterALook() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let look = try await stepwell("stop", "--machine", "Order", "--dry-run")
        #expect(look.output == "Order:o2\nOrder:o1\nOrder:o0\n")
        #expect(look.errors == "3 would be stopped\n")
        let unsure = try await stepwell("stop", "--machine", "Order")
        #expect(unsure.status == 2 && unsure.errors.contains("--yes"))
        #expect(try await names(stepwell, "--status", "running").count == 3)
        let outcome = try await stepwell("stop", "--where", "n=1", "--yes", "--cause", "enough")
        #expect(outcome.output == "stopped 1 of 1\n")
        #expect(try await names(stepwell, "--status", "aborted") == ["o1"])
        #expect(try await stepwell("stop", "--name-prefix", "none", "--yes").errors == "no execution matches\n")
        #expect(try await stepwell("stop", "--status", "failed", "--yes").status == 2)
        for wrong in [["stop"], ["stop", "Order:o0", "--machine", "Order"], ["stop", "Order:o0", "--yes"]] {
            #expect(try await stepwell.run(wrong).status == 64)
        }
    }

    @Test func manyAreRedriven() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("stop", "--machine", "Order", "--yes", "--error", "Withdrawn")
        let json = try await stepwell("redrive", "--error", "Withdrawn", "--yes", "--json").json
        #expect((json["redriven"] as? [String])?.count == 3)
        #expect((json["refused"] as? [Any])?.isEmpty == true)
        #expect(try await names(stepwell, "--status", "running").count == 3)
    }
}
