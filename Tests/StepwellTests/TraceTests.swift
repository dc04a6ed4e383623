import JSON
import Stepwell
import Store
import Synchronization
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

    @Test(arguments: ["STANDARD", "EXPRESS"])
    func childrenOfAMapRunBelongToTheTraceOfTheirParent(type: String) async throws {
        let database = try await Database()
        try await database.deploy(MapRunTests.map(function: "trace").replacing("STANDARD", with: type))
        let isMended = Mutex(false)
        let (first, second) = try await database.withWorker {
            Function("trace") { (number: Int, context: FunctionContext) in
                guard number == 1 || isMended.withLock(\.self) else { throw Broken() }
                return context.traceHeader ?? "none"
            }
        } body: {
            let request = StartRequest(
                stateMachine: "Machine",
                name: nil,
                input: JSONDocument([1, 2]),
                traceHeader: Self.header
            )
            let execution = try await database.store.startExecutions([request])[0].get().arn
            let first = try await database.end(of: execution)
            isMended.withLock { $0 = true }
            _ = try await database.store.redriveExecution(execution)
            return (first, try await database.end(of: execution))
        }
        #expect(first.status == .failed)
        #expect(try second.output?.value() == [.string(Self.header), .string(Self.header)])
    }

    private struct Broken: Error {}

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
