import JSON
import Stepwell
import Store
import Testing

/// Handlers learn which trace their execution belongs to.
@Suite struct TraceTests {
    private static let header = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"

    @Test(arguments: [header, nil] as [String?])
    func aHandlerSeesTheTraceOfItsExecution(header: String?) async throws {
        let database = try await Database()
        let task = #"{"Type": "Task", "Resource": "\#(Database.function("trace"))", "End": true}"#
        try await database.deploy(
            #"""
            "Work": {"Type": "Task", "Resource": "\#(Database.function("trace"))", "ResultPath": "$.first", "Next": "Each"},
            "Each": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.each", "End": true,
                "ItemProcessor": {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": true,
                    "Branches": [{"StartAt": "A", "States": {"A": \#(task)}}]}}}}
            """#
        )
        let end = try await database.withWorker {
            Function("trace") { (_: JSONValue, context: FunctionContext) in context.traceHeader ?? "none" }
        } body: {
            let request = StartRequest(
                stateMachine: "Machine",
                name: nil,
                input: JSONDocument(["items": [1, 2]]),
                traceHeader: header
            )
            return try await database.end(of: database.store.startExecutions([request])[0].get().arn)
        }
        let seen = JSONValue.string(header ?? "none")
        let output = try #require(try end.output?.value())
        #expect(output["first"] == seen && output["each"] == [[seen], [seen]])
    }

    @Test func aCallFromOutsideBelongsToATrace() async throws {
        let database = try await Database()
        let end = try await database.withWorker {
            Function("trace") { (_: JSONValue, context: FunctionContext) in context.traceHeader ?? "none" }
        } body: {
            let execution = try await database.store.invoke(
                "trace",
                payload: JSONDocument([:]),
                kind: .request,
                traceHeader: Self.header
            )
            return try await database.end(of: execution)
        }
        #expect(try end.output?.value() == .string(Self.header))
    }
}
