import JSON
import Stepwell
import Store
import Testing

@Suite struct WorkerTests {
    struct Greeting: Codable {
        var name: String
    }

    @Test func runsAFunctionAndRecordsItsReply() async throws {
        let database = try await Database()
        try await database.deploy(
            #""Work": {"Type": "Task", "Resource": "\#(Database.function("greet"))", "End": true}"#
        )
        let execution = try await database.withWorker {
            Function("greet") { (event: Greeting) in Greeting(name: "Hello, \(event.name)") }
        } body: {
            let arn = try await database.start(input: ["name": "Ada"])
            return (arn, try await database.end(of: arn))
        }
        #expect(execution.1.status == .succeeded)
        #expect(execution.1.output?.text == #"{"name":"Hello, Ada"}"#)
        #expect(try await database.events(of: execution.0) == Database.oneTask)
    }

    @Test func runsAChainAParallelAndAMap() async throws {
        let database = try await Database()
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function("add"))", "Next": "Both"},
            "Both": {"Type": "Parallel", "Next": "Each", "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "\#(Database.function("add"))", "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "\#(Database.function("add"))", "Next": "B2"},
                                            "B2": {"Type": "Task", "Resource": "\#(Database.function("add"))", "End": true}}}]},
            "Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "M", "States": {
                "M": {"Type": "Task", "Resource": "\#(Database.function("add"))", "End": true}}}}
            """#
        )
        let execution = try await database.withWorker {
            Function("add") { (number: Int) in number + 1 }
        } body: {
            try await database.end(of: try await database.start(input: 0))
        }
        #expect(execution.status == .succeeded)
        #expect(execution.output?.text == "[3,4]")
    }

    @Test func twoWorkersShareTheWork() async throws {
        let database = try await Database()
        try await database.deploy(#""Work": {"Type": "Task", "Resource": "\#(Database.function("who"))", "End": true}"#)
        @Sendable func one(_ name: String) -> Function {
            Function("who") { (_: JSONValue) in
                try await Task.sleep(for: .milliseconds(5))
                return name
            }
        }
        let configuration = database.worker { $0.concurrency = 2 }
        let outputs = try await database.withWorker(configuration) {
            one("first")
        } body: {
            try await database.withWorker(configuration) {
                one("second")
            } body: {
                var executions: [String] = []
                for _ in 0..<100 { executions.append(try await database.start()) }
                var outputs: Set<String> = []
                for execution in executions { outputs.insert(try await database.end(of: execution).output?.text ?? "") }
                return outputs
            }
        }
        #expect(outputs == [#""first""#, #""second""#])
    }
}
