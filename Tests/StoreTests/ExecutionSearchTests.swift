import JSON
import Postgres
import Testing

@testable import Store

@Suite("A search for executions")
struct ExecutionSearchTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy("Orders", startAt: "A", #""A": {"Type": "Pass", "End": true}"#)
    }

    /// Executions that have ended, the first of them long ago: nine of ten in bucket 0.
    private func store(_ count: Int) async throws {
        _ = try await fixture.sql(
            """
            insert into stepwell.executions (bucket, id, machine, revision, name, status, input, started_at, stopped_at)
            select case when i % 10 = 0 then 1 else 0 end,
                (lpad(to_hex(1700000000000 + i), 12, '0') || '7' || right(gen_random_uuid()::text, 21))::uuid, r.machine,
                r.id, 'o-' || i, case when i % 2 = 0 then 'FAILED' else 'SUCCEEDED' end,
                json_build_object('mark', i % 1500), to_timestamp(1700000000 + i * 0.001), now()
            from generate_series(0, \(count - 1)) i, stepwell.revisions r
            """
        )
    }

    private func pages(_ filter: ExecutionFilter, limit: Int) async throws -> (names: [String], sizes: [Int]) {
        var (names, sizes, cursor) = ([String](), [Int](), ExecutionCursor?.none)
        repeat {
            let found = try await fixture.store.findExecutions(filter, limit: limit, after: cursor)
            #expect(found.lookedBackTo == nil || found.next != nil)
            names += found.executions.map(\.name)
            sizes.append(found.executions.count)
            cursor = found.next
        } while cursor != nil && sizes.count < 1000
        return (names, sizes)
    }

    @Test("finds everything, each once and in order, however far apart it lies")
    func complete() async throws {
        let count = 9000
        try await store(count)
        var field = ExecutionFilter()
        field.fields = [.init(path: ["mark"], value: "7")]
        for limit in [1, 2, 50] {
            let found = try await pages(field, limit: limit)
            #expect(found.names == stride(from: 7, to: count, by: 1500).reversed().map { "o-\($0)" })
            #expect(found.sizes.allSatisfy { $0 <= limit })
            // It takes several turns, none of which looks at everything.
            #expect(found.sizes.count >= 4)
        }
        var nothing = ExecutionFilter()
        nothing.fields = [.init(path: ["mark"], value: "none")]
        let none = try await pages(nothing, limit: 50)
        #expect(none.names.isEmpty)
        #expect((2...9).contains(none.sizes.count))
        // What an index leads to is answered at once.
        var failed = ExecutionFilter()
        failed.statuses = [.failed]
        failed.stateMachine = "Orders"
        let all = try await pages(failed, limit: 1000)
        #expect(all.names == stride(from: 0, to: count, by: 2).reversed().map { "o-\($0)" })
        #expect(all.sizes.count == 5)
        var named = ExecutionFilter()
        named.namePrefix = "o-123"
        #expect(try await pages(named, limit: 5).names.count == 11)
    }

    @Test("finds what has the whole name at once, however old it is, and once")
    func wholeName() async throws {
        try await store(9000)
        var filter = ExecutionFilter()
        filter.namePrefix = "o-7"
        filter.fields = [.init(path: ["mark"], value: "7")]
        let first = try await fixture.store.findExecutions(filter, limit: 50)
        // The other one is new enough to be found by looking; the first one is not.
        #expect(first.executions.map(\.name) == ["o-7", "o-7507"])
        #expect(first.next != nil)
        let all = try await pages(filter, limit: 1)
        #expect(all.names == ["o-7", "o-7507"])
        filter.statuses = [.failed]
        #expect(try await pages(filter, limit: 1).names == [])
        filter.statuses = [.succeeded]
        filter.stateMachine = "Orders"
        #expect(try await pages(filter, limit: 1).names == ["o-7", "o-7507"])
    }

    @Test("counts as far as it looks, and says when that was not all")
    func count() async throws {
        try await store(9000)
        let store = fixture.store
        var filter = ExecutionFilter()
        #expect(try await store.countExecutions(filter, upTo: 10_000) == .init(9000))
        #expect(try await store.countExecutions(filter, upTo: 2000) == .init(2000, isAtLeast: true))
        filter.statuses = [.failed, .timedOut, .aborted]
        #expect(try await store.countExecutions(filter, upTo: 10_000) == .init(4500))
        filter.statuses = [.running]
        #expect(try await store.countExecutions(filter, upTo: 10_000) == .init(0))
        filter = ExecutionFilter()
        filter.fields = [.init(path: ["mark"], value: "7")]
        let some = try await store.countExecutions(filter, upTo: 10_000)
        #expect(some.isAtLeast)
        #expect((1..<6).contains(some.count))
    }
}
