import Expressions
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Places in fair queues")
struct FairQueueTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture(connections: 8) }

    private func places(_ turns: [(key: String, priority: Int)]) async throws -> [Timestamp] {
        let requests = turns.map { FairRequest(function: "f", turn: .init(key: $0.key, priority: $0.priority)) }
        return try await fixture.store.fairPlaces(requests, bucket: 0)
    }

    /// Puts a step into the lane without an execution.
    private func put(_ place: Timestamp) async throws {
        _ = try await fixture.sql(
            """
            insert into stepwell.steps
                (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
                 entered_at)
            values (0, gen_random_uuid(), 0, 1, 1, 'x', 'r', 'f#', 'f#', $1, 'invoking', 'A', now())
            """,
            [.timestamptz(microseconds: place.microseconds)]
        )
    }

    @Test func aKeyThatIsNewStandsBesideTheFirst() async throws {
        let flood = try await places(Array(repeating: ("a", 0), count: 1000))
        #expect(flood == flood.sorted() && Set(flood).count == 1000)
        for place in flood { try await put(place) }
        let new = try await places([("b", 0), ("a", 0), ("b", 0)])
        #expect(new[0] == flood[0])
        #expect(new[1] > flood[999])
        #expect(new[2] == flood[1])
    }

    @Test func aKeyThatComesWhileOthersAreOnTheirWayBeginsWithThem() async throws {
        let flood = try await places(Array(repeating: ("a", 0), count: 1000))
        // None of them stands in the lane yet.
        let new = try await places([("b", 0), ("b", 3), ("b", 0)])
        #expect([new[0], new[2]] == Array(flood.prefix(2)))
        #expect(new[1] < flood[0])
    }

    @Test func whoeverFindsALaneEmptyTogetherBeginsTogether() async throws {
        let first = try await withThrowingTaskGroup(of: Timestamp.self) { group in
            for number in 0..<20 { group.addTask { try await places([("\(number)", 0)])[0] } }
            return try await group.reduce(into: Set()) { $0.insert($1.microseconds) }
        }
        #expect(first.count == 1)
    }

    @Test func aLaneOfAClockThatWasSetBackBeginsAnew() async throws {
        _ = try await places([("a", 0)])
        for place in ["fair_keys set finish = finish", "fair_lanes set start = start"] {
            _ = try await fixture.sql("update stepwell.\(place) + interval '1 hour' where bucket = 0")
        }
        let now = try await fixture.store.databaseTime()
        #expect(try await places([("b", 0)])[0] < now)
    }

    @Test func theyAreDueAtOnce() async throws {
        let now = try await fixture.store.databaseTime()
        let places = try await places([("a", 0), ("a", 9), ("", 5)])
        #expect(places.allSatisfy { $0 < now })
        #expect(places[1] < places[2] && places[2] < places[0])
    }

    @Test func aKeyThatHasHadItsTurnsBeginsAnew() async throws {
        let before = try await places(Array(repeating: ("a", 0), count: 100))
        // All of them have been served: the lane is empty, and time has gone by.
        for place in ["fair_keys set finish = finish", "fair_lanes set start = start"] {
            _ = try await fixture.sql("update stepwell.\(place) - interval '1 hour' where bucket = 0")
        }
        let again = try await places([("a", 0), ("b", 0)])
        #expect(again[0] == again[1] && again[0] > before[0])
    }

    @Test func whoeverAsksAtTheSameTimeGetsOtherPlaces() async throws {
        let all = try await withThrowingTaskGroup(of: [Timestamp].self) { group in
            for number in 0..<20 {
                // In every order: they must not wait for each other in a circle.
                let turns = (0..<50).map { (key: "\(number.isMultiple(of: 2) ? $0 % 5 : 4 - $0 % 5)", priority: 0) }
                group.addTask { try await places(turns) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        // Of five keys, each has two hundred places of its own.
        let counts = Dictionary(grouping: all, by: \.microseconds).values.map(\.count)
        #expect(all.count == 1000 && counts.allSatisfy { $0 <= 5 })
    }

    @Test(arguments: [
        (#"{"tenant": "a", "urgency": 3}"#, "a", 3), (#"{"tenant": 7.50, "urgency": 99}"#, "7.50", 9),
        (#"{"tenant": true, "urgency": -1}"#, "true", 0), (#"{"tenant": null, "urgency": "3"}"#, "", 0),
        (#"{"tenant": {"a": 1}, "urgency": 1e300}"#, "", 0), ("[]", "", 0), ("7", "", 0),
        (#"{"tenant": "a\u0000b", "urgency": 1.5}"#, "a\u{FFFD}b", 0),
    ])
    func turnsAreReadFromEvents(event: String, key: String, priority: Int) throws {
        let rule = try FairRule(key: "$.tenant", priority: "$.urgency")
        let turn = rule.turn(of: try JSONDocument(parsing: event))
        #expect(turn == FairRule.Turn(key: key, priority: priority))
    }

    @Test func longKeysAreKeptApart() throws {
        let rule = try FairRule(key: "$", priority: nil)
        let long = String(repeating: "k", count: 1_000_000)
        let turns = ["1", "2"].map { rule.turn(of: JSONDocument(.string(long + $0))) }
        #expect(turns[0] != turns[1] && turns[0].key.utf8.count == 64)
    }

    @Test(arguments: ["tenant", "$..tenant", "$.a[*]", "$$.Execution.Id", "$x.a", "", "$."])
    func whatIsNoPlaceInAnEventIsRefused(path: String) async throws {
        for change in [\FunctionSettings.fairKey, \.priority] {
            var settings = FunctionSettings()
            settings[keyPath: change] = path
            await #expect {
                try await fixture.store.putFunction("f", settings)
            } throws: { error in
                guard case StoreError.validation = error else { return false }
                return true
            }
        }
    }

    @Test func aFunctionKeepsItsLane() async throws {
        var settings = FunctionSettings()
        settings.fairKey = "$.tenant"
        try await fixture.store.putFunction("f", settings)
        try await fixture.store.putFunction("g", FunctionSettings())
        #expect(try await fixture.store.functionSettings("f")?.fairKey == "$.tenant")
        #expect(try await fixture.store.fairRules() == ["f": FairRule(key: "$.tenant", priority: nil)])
        settings.fairKey = nil
        try await fixture.store.putFunction("f", settings)
        #expect(try await fixture.store.fairRules() == ["f": nil])
        settings.priority = "$.urgency"
        try await fixture.store.putFunction("f", settings)
        try await fixture.store.deleteFunction("f")
        #expect(try await fixture.store.fairRules() == ["f": nil])
    }

    @Test func whoLooksSeesOneQueueOfTheFunction() async throws {
        for place in try await places([("a", 0), ("b", 9), ("b", 0)]) { try await put(place) }
        let queue = try #require(try await fixture.store.queueFigures().queues.first)
        #expect(queue.function == "f" && queue.ready.count == 3)
        // They have been there for a moment, not for 9000 days.
        #expect(queue.oldestSeconds < 60)
    }
}
