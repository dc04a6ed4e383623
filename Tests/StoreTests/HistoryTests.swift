import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("History")
struct HistoryTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy(
            "Loop",
            startAt: "Count",
            """
            "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, -1)", "pad.$": "$.pad"}, "Next": "More"},
            "More": {"Type": "Choice", "Default": "Done",
                "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Count"}]},
            "Done": {"Type": "Succeed"}
            """
        )
    }

    private func run(_ n: Int, pad: String = "", limits: Int = 7) async throws {
        _ = try await fixture.start("Loop", name: "x", input: #"{"n": \#(n), "pad": "\#(pad)"}"#)
        try await ManualWorker(fixture: fixture).run()
    }

    @Test("ids run from 1 to n without gaps, times never go back, and the last event is terminal")
    func contiguous() async throws {
        try await run(1300)
        var events: [RecordedEvent] = []
        while let page = Optional(try await fixture.store.history("Loop:x", after: events.count)), !page.isEmpty {
            events += page
        }
        #expect(events.map(\.id) == Array(1...events.count))
        // Start; Pass and Choice entered and exited, 1,300 times; Succeed entered and exited; the end.
        let expected = 5204
        #expect(events.count == expected)
        #expect(events.last?.json["type"] == "ExecutionSucceeded")
        let stored = try await fixture.sql("select last_event from stepwell.executions").only().int(0)
        #expect(stored == events.count)
        // Several rows: the loop was made durable on the way.
        #expect(try await fixture.count("history") > 1)
    }

    @Test("pages begin anywhere, forwards and backwards", arguments: [1, 3, 10, 1000])
    func paging(limit: Int) async throws {
        try await run(5)
        let all = try await fixture.store.history("Loop:x")
        var forward: [RecordedEvent] = []
        while forward.count < all.count {
            let page = try await fixture.store.history("Loop:x", after: forward.last?.id ?? 0, limit: limit)
            try #require(!page.isEmpty && page.count <= limit)
            forward += page
        }
        #expect(forward.map(\.json) == all.map(\.json))
        var backward: [RecordedEvent] = []
        while backward.count < all.count {
            let page = try await fixture.store.history(
                "Loop:x",
                after: backward.last?.id ?? 0,
                limit: limit,
                reversed: true
            )
            try #require(!page.isEmpty && page.count <= limit)
            backward += page
        }
        #expect(backward.map(\.json) == all.map(\.json).reversed())
        #expect(try await fixture.store.history("Loop:x", after: 1, reversed: true).isEmpty)
        #expect(try await fixture.store.history("Loop:x", after: all.count).isEmpty)
    }

    @Test("a large payload is stored once however often it occurs, and shown in full")
    func largePayloads() async throws {
        try await fixture.deploy(
            "Through",
            startAt: "A",
            """
            "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Succeed"}
            """
        )
        let input = #"{ "pad": "\#(String(repeating: "z", count: 5000))" }"#
        _ = try await fixture.start("Through", name: "x", input: input)
        try await ManualWorker(fixture: fixture).run()
        let events = try await fixture.store.history("Through:x")
        let entered = events.first { $0.json["type"] == "PassStateEntered" }
        #expect(entered?.json["stateEnteredEventDetails"]?["input"]?.string == input)
        let sizes = try await fixture.sql("select sum(octet_length(events::text))::int from stepwell.history").only()
        #expect(try sizes.int(0) < 2000)
        #expect(try await fixture.count("payloads") <= 2)
    }

    @Test("packing keeps every kind of detail")
    func packing() throws {
        let large = JSONDocument(.string(String(repeating: "x", count: 3000)))
        let small = JSONDocument(["a": 1])
        let events = [
            HistoryEvent(
                type: .passStateEntered,
                previous: .recorded(3),
                timestamp: Timestamp(microseconds: 1_000_000),
                details: [.init("name", .string("Ä \"\n")), .init("input", .payload(small))]
            ),
            HistoryEvent(
                type: .passStateExited,
                previous: .pending(0),
                timestamp: Timestamp(microseconds: 1_000_007),
                details: [
                    .init("name", .string("x")), .init("output", .payload(large)),
                    .init(
                        "assignedVariables",
                        .variables([.init(name: "v", value: small), .init(name: "w", value: large)])
                    ),
                ]
            ),
            HistoryEvent(
                type: .mapStateStarted,
                previous: .pending(1),
                timestamp: Timestamp(microseconds: 2_000_000),
                details: [.init("length", .integer(-12))]
            ),
        ]
        var payloads = PayloadCollector()
        let packed = PackedEvents(events, payloads: &payloads)
        #expect(payloads.rows.count == 1 && packed.count == 3)
        let unpacked = try UnpackedEvents(text: packed.text, firstEvent: 40, at: packed.at)
        let stored = Dictionary(uniqueKeysWithValues: payloads.rows.map { ($0.id, $0.text) })
        let again = try unpacked.events.map { try unpacked.historyEvent($0, stored: stored) }
        var expected = events
        expected[1].previous = .recorded(40)
        expected[2].previous = .recorded(41)
        #expect(again == expected)
        #expect(unpacked.events.map(\.id) == [40, 41, 42])
    }

    @Test("what earlier versions wrote is read as ever")
    func earlierRows() throws {
        let text = """
            {"p":["{ }",{"ref":"00000000-0000-0000-0000-00000000002a"}],"e":[["TaskStateEntered",0,0,\
            {"name":"n","input":[0]}],["LambdaFunctionStarted",-1,7],["TaskStateExited",3,9,{"name":"n","output":[1]}]]}
            """
        let row = try UnpackedEvents(text: text, firstEvent: 2, at: Timestamp(microseconds: 100))
        #expect(row.events.map(\.type) == [.taskStateEntered, .lambdaFunctionStarted, .taskStateExited])
        #expect(row.events.map(\.previous) == [0, 2, 3])
        #expect(row.events.map(\.timestamp.microseconds) == [100, 107, 109])
        #expect(row.references == [PGUUID(high: 0, low: 42)])
        let event = try row.historyEvent(row.events[0], stored: [:])
        #expect(event.details == [.init("name", .string("n")), .init("input", .payload(JSONDocument(trusted: "{ }")))])
    }

    @Test("SQL reads of a row what Swift does: every type, every kind of detail, jumps in time and cause")
    func plainEvents() async throws {
        let payload = JSONDocument(["a": "\u{0}\"ä"])
        var events: [HistoryEvent] = []
        for (place, type) in EventType.allCases.enumerated() {
            let names = ["name", "input", "output", "resource", "cause"]
            events.append(
                HistoryEvent(
                    type: type,
                    previous: place % 3 == 0 ? .recorded(place) : .pending(place - (place % 2 == 0 ? 2 : 1)),
                    timestamp: Timestamp(microseconds: Int64(1_000_000 + place / 4 * 31 - place % 5 * 2)),
                    details: names.prefix(place % 6)
                        .map { name in
                            switch name {
                            case "input": .init(name, .payload(payload))
                            case "output": .init(name, .variables([.init(name: "n", value: payload)]))
                            case "resource": .init(name, .integer(-place))
                            default: .init(name, .string("i \"\\"))
                            }
                        }
                )
            )
        }
        var payloads = PayloadCollector()
        let packed = PackedEvents(events, payloads: &payloads)
        let plain = try await fixture.sql(
            "select stepwell.plain_events(stepwell.readable($1::json))",
            [.json(packed.text)]
        )
        let texts = try (packed.text, plain.only().text(0))
        let (short, full) = (
            try UnpackedEvents(text: texts.0, firstEvent: 9, at: packed.at),
            try UnpackedEvents(text: texts.1, firstEvent: 9, at: packed.at)
        )
        #expect(texts.1.contains(#"["WaitStateExited","#))
        #expect(texts.0.utf8.count < texts.1.utf8.count * 2 / 3)
        #expect(short.events.map(\.type) == EventType.allCases && full.events.map(\.type) == EventType.allCases)
        #expect(short.events.map(\.previous) == full.events.map(\.previous))
        #expect(short.events.map(\.timestamp) == events.map(\.timestamp))
        #expect(full.events.map(\.timestamp) == events.map(\.timestamp))
        for (one, other) in zip(short.events, full.events) {
            #expect(one.details.map(\.name) == other.details.map(\.name))
            #expect(one.details.map(\.value) == other.details.map(\.value))
        }
    }

    @Test("the execution's input is not written again, and is shown", arguments: [10, 5000])
    func executionInput(size: Int) async throws {
        try await fixture.deploy(
            "Echo",
            startAt: "A",
            #""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Result": {"other": 1}, "End": true}"#
        )
        let input = #"{ "only here": "\#(String(repeating: "z", count: size))" }"#
        _ = try await fixture.start("Echo", name: "x", input: input)
        try await ManualWorker(fixture: fixture).run()
        #expect(
            try await fixture.sql("select from stepwell.history where events::text like '%only here%'").isEmpty
        )
        #expect(try await fixture.count("payloads") == (size > 1024 ? 1 : 0))
        for reversed in [false, true] {
            let events = try await fixture.store.history("Echo:x", reversed: reversed)
            let inputs = events.compactMap { $0.json["stateEnteredEventDetails"]?["input"]?.string }
            #expect(inputs == [input, input])
        }
    }

    @Test(
        "a malformed row is named, not trapped on",
        arguments: [
            "", "[]", #"{"e":[[]]}"#, #"{"e":[["Nope",0,0]]}"#, #"{"e":[62]}"#, #"{"e":[-1]}"#, #"{"e":[1e300]}"#,
            #"{"e":[true]}"#, #"{"e":[[1,{},"x"]]}"#,
            #"{"e":[[1,{},0,9223372036854775807],[1,{},0,9223372036854775807]]}"#,
        ]
    )
    func malformed(text: String) throws {
        if text == "[]" {
            #expect(try UnpackedEvents(text: text, firstEvent: 1, at: Timestamp(microseconds: 0)).events.isEmpty)
        } else {
            #expect(throws: StoreError.self) {
                try UnpackedEvents(text: text, firstEvent: 1, at: Timestamp(microseconds: 0))
            }
        }
    }
}
