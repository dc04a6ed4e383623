import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Starting many executions at once")
struct StartManyTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(buckets: 8)
        try await fixture.deploy(
            "Order",
            startAt: "A",
            #""A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "End": true}"#,
            more: #""TimeoutSeconds": 60,"#
        )
    }

    private func start(_ inputs: [String], names: [String]? = nil, machine: String = "Order") async throws -> [String] {
        do throws(PostgresError) {
            return try await fixture.store.pool
                .query(
                    Statement(
                        "select a from stepwell.start_executions($1, $2, $3::text[]) as a",
                        [.text(machine), .jsonArray(inputs), names.map { .textArray($0) } ?? .text(nil)]
                    )
                )
                .map { row throws(PostgresError) in try row.text(0) }
        } catch {
            throw StoreError(error)
        }
    }

    private func name(_ arn: String) -> String { arn.split(separator: ":").last.map(String.init) ?? "" }

    @Test("each execution is as if it had been started by itself")
    func alike() async throws {
        let large = #"{"text": "\#(String(repeating: "x", count: 3000))"}"#
        let names = (0..<100).map { "n-\($0)" } + ["large-one", "한글"]
        let arns = try await start((0..<100).map { #"{"n": \#($0)}"# } + [large, "[]"], names: names)
        #expect(arns.map(name) == names)
        let one = try await fixture.start("Order", name: "alone", input: #"{"n": 1}"#)
        #expect(one.isNew)

        let described = try await fixture.store.describe("Order:n-1")
        #expect(described.input.text == #"{"n": 1}"#)
        #expect(try await fixture.store.describe("Order:large-one").input.text == large)
        // A root branch and a timer each.
        #expect(try await fixture.count("steps") == 206)

        let worker = ManualWorker(fixture: fixture, functions: ["f": { .succeeded($0) }])
        try await worker.run()
        #expect(try await fixture.count("steps") == 0)
        #expect(try await fixture.store.describe("Order:large-one").output?.text == large)
        #expect(try await fixture.store.describe("Order:n-99").summary.status == .succeeded)
    }

    @Test("without names they get different ones")
    func nameless() async throws {
        let arns = try await start(["1", "2", "3"])
        #expect(Set(arns).count == 3)
    }

    @Test("however many they are, every one has an id of its own, and they follow each other within a bucket")
    func manyIDs() async throws {
        let count = 9000
        let names = (0..<count).map { "n-\($0)" }
        #expect(try await start([String](repeating: "1", count: count), names: names).count == count)
        let stored = try await fixture.sql("select count(distinct id)::int, count(*)::int from stepwell.executions")
            .only()
        #expect(try (stored.int(0), stored.int(1)) == (count, count))
        let first =
            try await fixture.sql(
                "select name from stepwell.executions where bucket = 0 and substr(name, 3)::int < 4095 order by id"
            )
            .map { try $0.text(0) }
        #expect(first.count > 400)
        let inBucket = Set(first)
        #expect(first == names.filter(inBucket.contains))
    }

    @Test("names without inputs are refused")
    func namesAlone() async throws {
        let error = await #expect(throws: PostgresError.self) {
            _ = try await fixture.sql("select stepwell.start_executions('Order', null, array['a'])")
        }
        #expect(error?.message.contains("there are 1 names for 0 inputs") == true)
        #expect(try await fixture.count("executions") == 0)
    }

    @Test("the same call again answers the same")
    func again() async throws {
        let first = try await start(["1", "2"], names: ["a", "b"])
        let second = try await start(["1", "2", "3"], names: ["a", "b", "c"])
        #expect(Array(second.prefix(2)) == first)
        #expect(try await fixture.count("executions") == 3)
        #expect(try await start(["1", "1"], names: ["twice", "twice"]).count == 2)
        #expect(try await fixture.count("executions") == 4)
    }

    @Test(
        "all are started or none",
        arguments: [
            (["1", "2"], ["new", "taken"]), (["1", "2"], ["new", "new"]), (["1", "2"], ["new", "not allowed*"]),
            (["1", #""\ud800""#], ["new", "other"]), (["1"], ["new", "other"]),
        ]
    )
    func atomic(inputs: [String], names: [String]) async throws {
        _ = try await fixture.start("Order", name: "taken", input: "{}")
        await #expect(throws: StoreError.self) { try await start(inputs, names: names) }
        #expect(try await fixture.count("executions") == 1)
        #expect(try await fixture.count("steps") == 2)
    }

    @Test("requests that go together are answered each by itself")
    func together() async throws {
        try await fixture.deploy("Other", startAt: "A", #""A": {"Type": "Succeed"}"#)
        let taken = try await fixture.start("Order", name: "taken", input: "{}")
        let same = try await fixture.start("Order", name: "same", input: "7")
        func request(_ name: String, _ input: String, machine: String = "Order", trace: String? = nil) throws
            -> StartRequest
        {
            StartRequest(
                stateMachine: machine,
                name: name,
                input: try JSONDocument(parsing: input),
                traceHeader: trace
            )
        }
        let arn = fixture.store.settings.stateMachineARN("Order")
        let large = #"{"text": "\#(String(repeating: "x", count: 3000))"}"#
        var requests = try (0..<60)
            .map { try request("n-\($0)", #"{"n":  \#($0)}"#, machine: $0 % 2 == 0 ? "Order" : arn) }
        requests += [
            try request("taken", "[]"), try request("same", "7"), try request("twice", "1"), try request("twice", "1"),
            try request("large", large), try request("한글", "[]"), try request("other", "1", machine: "Other"),
            try request("traced", "1", trace: "Root=1-5759e988-bd862e3fe1be46a994272793"),
        ]
        let results = await fixture.store.startExecutions(requests)
        #expect(results.count == requests.count)
        for (request, result) in zip(requests, results) where request.name != "taken" {
            let started = try result.get()
            #expect(name(started.arn) == request.name)
            let described = try await fixture.store.describe(started.arn)
            #expect(described.input.text == request.input.text)
            #expect(described.summary.startedAt == started.startedAt)
        }
        #expect(throws: StoreError.self) { try results[60].get() }
        #expect(try results[61].get().startedAt == same.startedAt)
        #expect(try results[61].get().isNew == false)
        #expect(try results[62].get().isNew != results[63].get().isNew)
        #expect(results.filter { (try? $0.get())?.isNew == true }.count == 65)
        #expect(try await fixture.store.describe(taken.arn).input.text == "{}")

        // What is refused takes nothing with it.
        let mixed = try [
            request("m-1", "1"), request("m-2", "1", machine: "Nothing"), request("no*", "1"), request("m-3", "1"),
        ]
        let answers = await fixture.store.startExecutions(mixed)
        #expect(answers.map { (try? $0.get()) != nil } == [true, false, false, true])
        let again = await fixture.store.startExecutions(mixed)
        #expect(again.map { (try? $0.get())?.isNew } == [false, nil, nil, false])

        try await ManualWorker(fixture: fixture, functions: ["f": { .succeeded($0) }]).run()
        #expect(try await fixture.count("steps") == 0)
        #expect(try await fixture.store.describe("Order:n-7").output?.text == #"{"n":  7}"#)
    }

    @Test("a machine that does not exist is refused")
    func noMachine() async throws {
        await #expect(throws: StoreError.self) { try await start(["1"], machine: "Nothing") }
    }
}
