import JSON
import Postgres
import Stepwell
import Store
import Testing

/// What has to finish however large it is.
@Suite struct SizeTests {
    @Test func aChainOfAThousandStates() async throws {
        let database = try await Database()
        let states = (0..<1000)
            .map { number in
                let name = number == 0 ? "Work" : "S\(number)"
                let next = number == 999 ? #""End": true"# : #""Next": "S\#(number + 1)""#
                return #""\#(name)": {"Type": "Task", "Resource": "\#(Database.function("add"))", \#(next)}"#
            }
        try await database.deploy(states.joined(separator: ","))
        let execution = try await database.withWorker {
            Function("add") { (number: Int) in number + 1 }
        } body: {
            try await database.end(of: try await database.start(input: 0))
        }
        #expect(execution.output?.text == "1000")
    }

    @Test func aLoopOfAHundredThousandTransitions() async throws {
        let database = try await Database()
        try await database.deploy(
            """
            "Work": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
            "More": {"Type": "Choice", "Default": "Done",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 50000, "Next": "Work"}]},
            "Done": {"Type": "Succeed"}
            """
        )
        let execution = try await database.withWorker {
        } body: {
            let arn = try await database.start(input: ["n": 0])
            return (arn, try await database.end(of: arn))
        }
        #expect(execution.1.output?.text == #"{"n":50000}"#)
        let last = try #require(try await database.store.history(execution.0, limit: 1, reversed: true).first)
        #expect(last.id == 1 + 4 * 50_000 + 2 + 1)
        #expect(last.json["type"] == "ExecutionSucceeded")
    }

    @Test func aMapOfTenThousandItems() async throws {
        let database = try await Database()
        try await database.deploy(
            """
            "Work": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Item", "States": {
                "Item": {"Type": "Task", "Resource": "\(Database.function("double"))", "End": true}}}}
            """
        )
        let execution = try await database.withWorker {
            Function("double") { (number: Int) in number * 2 }
        } body: {
            let items = JSONValue.array((0..<10_000).map { .number(JSONNumber($0)) })
            return try await database.end(of: try await database.start(input: items))
        }
        let output = try #require(try execution.output?.value().array)
        #expect(output.count == 10_000)
        #expect(output.enumerated().allSatisfy { $1.number?.integer == Int64($0 * 2) })
    }

    @Test func finishedExecutionsLeaveNothingInTheQueue() async throws {
        let database = try await Database()
        try await database.deployTask("add")
        let executions = 500
        try await database.withWorker {
            Function("add") { (number: Int) in number + 1 }
        } body: {
            var arns: [String] = []
            for number in 0..<executions {
                arns.append(try await database.start(input: .number(JSONNumber(number))))
            }
            for arn in arns { _ = try await database.end(of: arn) }
        }
        for table in ["steps", "results", "map_items", "outbox", "payloads"] {
            #expect(try await database.sql("select count(*) from stepwell.\(table)").only().int64(0) == 0)
        }
    }
}
