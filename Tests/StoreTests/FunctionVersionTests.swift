import JSON
import Postgres
import Testing

@testable import Store

@Suite("Versions and aliases of functions")
struct FunctionVersionTests {
    let fixture: StoreFixture
    private var store: Store { fixture.store }

    init() async throws { fixture = try await StoreFixture(connections: 8) }

    private func meaning(_ qualifier: String, for key: String = "") async throws -> FunctionQualifiers.Meaning {
        try await store.functionQualifiers(of: "f").meaning(of: qualifier, for: key)
    }

    @Test func whatHasNotChangedIsNotPublishedAgain() async throws {
        #expect(try await store.publishFunction("f", digest: "a") == 1)
        #expect(try await store.publishFunction("f", digest: "a", description: "again") == 1)
        #expect(try await store.publishFunction("f", digest: "b", description: "two") == 2)
        // Not the last one: it is a version of its own.
        #expect(try await store.publishFunction("f", digest: "a") == 3)
        #expect(try await store.publishFunction("g", digest: "b") == 1)
        let versions = try await store.functionQualifiers(of: "f").versions
        #expect(versions.map(\.version) == [1, 2, 3] && versions.map(\.description) == ["", "two", ""])
    }

    @Test func whoeverPublishesAtTheSameTimeGetsAnotherNumber() async throws {
        let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 {
                group.addTask { try await store.publishFunction("f", digest: "\(number)") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(1...20))
    }

    @Test func aNumberIsForOneThing() async throws {
        try await store.offerFunctionVersion("f", version: 2, digest: "a")
        try await store.offerFunctionVersion("f", version: 2, digest: "a")
        await #expect(throws: StoreError.self) {
            try await store.offerFunctionVersion("f", version: 2, digest: "b")
        }
        #expect(try await store.publishFunction("f", digest: "b") == 3)
    }

    @Test func qualifiersMeanVersions() async throws {
        for digest in ["a", "b"] { _ = try await store.publishFunction("f", digest: digest) }
        #expect(try await meaning("2") == .version(2))
        for unknown in ["3", "02", "+2", " 2", "0", "live", ""] { #expect(try await meaning(unknown) == .unknown) }
        try await store.putFunctionAlias(FunctionAlias(name: "live", version: 1), of: "f")
        #expect(try await meaning("live") == .version(1))
        try await store.putFunctionAlias(FunctionAlias(name: "live", version: nil), of: "f")
        #expect(try await meaning("live") == .latest)
        try await store.deleteFunctionAlias("live", of: "f")
        #expect(try await meaning("live") == .unknown)
        await #expect(throws: StoreError.self) { try await store.deleteFunctionAlias("live", of: "f") }
    }

    @Test func twoVersionsShareTheCallsOfAnAlias() async throws {
        for digest in ["a", "b"] { _ = try await store.publishFunction("f", digest: digest) }
        func share(_ weight: Double) async throws -> Int {
            let other = FunctionAlias.Other(version: 2, weight: weight)
            try await store.putFunctionAlias(FunctionAlias(name: "live", version: 1, other: other), of: "f")
            let qualifiers = try await store.functionQualifiers(of: "f")
            let calls = (0..<10_000).map { qualifiers.meaning(of: "live", for: "call \($0)") }
            // Whoever asks again gets the same answer.
            #expect(calls == (0..<10_000).map { qualifiers.meaning(of: "live", for: "call \($0)") })
            return calls.count { $0 == .version(2) }
        }
        #expect(try await share(0) == 0)
        #expect(try await share(1) == 10_000)
        // Six standard deviations.
        #expect(try await (820...1180).contains(share(0.1)))
    }

    @Test(arguments: [
        FunctionAlias(name: "7", version: 1), FunctionAlias(name: "", version: 1),
        FunctionAlias(name: "a b", version: 1),
        FunctionAlias(name: "$LATEST", version: 1), FunctionAlias(name: "live", version: 3),
        FunctionAlias(name: "live", version: 1, other: .init(version: 1, weight: 0.5)),
        FunctionAlias(name: "live", version: 1, other: .init(version: 2, weight: 1.5)),
        FunctionAlias(name: "live", version: 1, other: .init(version: 2, weight: .nan)),
        FunctionAlias(name: "live", version: 1, other: .init(version: 9, weight: 0.5)),
        FunctionAlias(name: "live", version: nil, other: .init(version: 2, weight: 0.5)),
        FunctionAlias(name: "live", version: 1, description: String(repeating: "x", count: 257)),
        FunctionAlias(name: "live", version: 1, description: "\0"),
    ])
    func aliasesThatMakeNoSenseAreRefused(alias: FunctionAlias) async throws {
        for digest in ["a", "b"] { _ = try await store.publishFunction("f", digest: digest) }
        await #expect {
            try await store.putFunctionAlias(alias, of: "f")
        } throws: { error in
            guard case StoreError.validation = error else { return false }
            return true
        }
    }

    @Test func versionsCountAgainstTheLimitsOfTheirFunctionTogether() async throws {
        var settings = FunctionSettings()
        settings.reserved = 10
        try await store.putFunction("f", settings)
        let requests = ["f", "f:1", "g"].map { ShareRequest(function: $0, holding: 0, wanted: 100) }
        let shares = try await store.shares(of: .v4(), requests, lifetime: .seconds(30))
        #expect(shares.keys.sorted() == ["f", "f:1"])
        let others = try await store.shares(of: .v4(), requests, lifetime: .seconds(30))
        #expect((Array(shares.values) + others.values).compactMap(\.slots).reduce(0, +) == 10)
    }

    @Test func eventsForVersionsFollowWhatIsSetForTheFunction() async throws {
        #expect(try await store.publishFunction("f", digest: "a") == 1)
        _ = try await store.invoke("f:1", payload: JSONDocument(.null), kind: .event)
        func definition() async throws -> String {
            try await fixture.sql(
                """
                select r.definition::text from stepwell.revisions r
                join stepwell.state_machines m on m.id = r.machine
                where m.name = 'event f.1' order by r.id desc limit 1
                """
            )
            .only().text(0)
        }
        #expect(try await definition().contains(#"function:f:1""#))
        #expect(try await definition().contains("$attempts <= 2"))
        var settings = FunctionSettings()
        settings.retries = 1
        try await store.putFunction("f", settings)
        #expect(try await definition().contains("$attempts <= 1"))
    }
}
