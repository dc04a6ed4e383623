import JSON
import Postgres
import StatesLanguage
import Testing

@testable import Store

/// What an account may have at most, with AWS's limits.
@Suite("Quotas")
struct QuotaTests {
    private static let definition = #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#

    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    private func create(_ name: String) async throws -> Creation {
        try await fixture.store.createStateMachine(
            NewStateMachine(
                name: name,
                type: .standard,
                definition: try ValidDefinition(Self.definition),
                roleARN: "arn:aws:iam::000000000000:role/r",
                configuration: [:]
            )
        )
    }

    private func refusal(_ call: () async throws -> Void) async -> String? {
        do {
            try await call()
            return nil
        } catch let error as StoreError {
            guard case .quotaExceeded(let name, let text) = error else { return "\(error)" }
            #expect(error.apiFault(about: "").name == name)
            return "\(name): \(text)"
        } catch {
            return "\(error)"
        }
    }

    @Test("100,000 state machines, deployed or created; one that exists is found all the same")
    func stateMachines() async throws {
        _ = try await fixture.store.deploy(name: "first", definition: Self.definition)
        _ = try await create("second")
        _ = try await fixture.sql(
            """
            insert into stepwell.state_machines (id, name, revision)
            select n, 'm' || n, 1 from generate_series(3, 100000) n
            """
        )
        let sentence = "StateMachineLimitExceeded: there are 100000 state machines, and there may be no more"
        func both(_ name: String) async -> [String?] {
            [
                await refusal { _ = try await fixture.store.deploy(name: name, definition: Self.definition) },
                await refusal { _ = try await create(name) },
            ]
        }
        #expect(await refusal { _ = try await create("beyond") } == nil)
        _ = try await fixture.store.changeSettings(isStrict: true)
        let one = sentence.replacing("100000", with: "100001")
        #expect(await both("more") == [one, one])
        #expect(await refusal { _ = try await fixture.store.deploy(name: "first", definition: Self.definition) } == nil)
        #expect(await refusal { _ = try await create("second") } == nil)
        _ = try await fixture.sql("update stepwell.state_machines set deleted_at = now() where id = 5")
        #expect(await both("more") == [sentence, sentence])
        _ = try await fixture.sql("delete from stepwell.state_machines where id = 6")
        #expect(await refusal { _ = try await create("last") } == nil)
        #expect(await both("more") == [sentence, sentence])
        _ = try await fixture.store.changeSettings(isStrict: false)
        #expect(await both("more") == [nil, nil])
    }

    @Test("100,000 activities")
    func activities() async throws {
        _ = try await fixture.sql(
            "insert into stepwell.activities (name) select 'a' || n from generate_series(1, 99999) n"
        )
        _ = try await fixture.store.changeSettings(isStrict: true)
        #expect(await refusal { _ = try await fixture.store.createActivity("last") } == nil)
        #expect(
            await refusal { _ = try await fixture.store.createActivity("more") }
                == "ActivityLimitExceeded: there are 100000 activities, and there may be no more"
        )
        #expect(await refusal { _ = try await fixture.store.createActivity("a7") } == nil)
        try await fixture.store.deleteActivity("a7")
        #expect(await refusal { _ = try await fixture.store.createActivity("more") } == nil)
        _ = try await fixture.store.changeSettings(isStrict: false)
        #expect(await refusal { _ = try await fixture.store.createActivity("a7") } == nil)
    }
}
