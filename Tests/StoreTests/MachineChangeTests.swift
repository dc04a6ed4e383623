import JSON
import Postgres
import StatesLanguage
import Testing

@testable import Store

/// Creating, updating and deleting state machines as the API does it.
@Suite struct MachineChangeTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    @Test func `the same creation again answers the same, another one conflicts`() async throws {
        let first = try await create("Orders")
        #expect(try await create("Orders") == first)
        #expect(try await create("Orders", roleARN: "arn:aws:iam::000000000000:role/other") == first)
        #expect(try await create("Orders", comment: "other") == .conflict)
        #expect(try await create("Orders", type: .express) == .conflict)
        #expect(try await create("Orders", publishes: true) == .conflict)
    }

    @Test func `an update makes a revision only if something differs`() async throws {
        _ = try await create("Orders")
        let same = try await update("Orders", MachineUpdate(definition: try definition()))
        #expect(same == Updated(revisionID: nil, version: nil))
        let role = MachineUpdate(roleARN: "arn:aws:iam::000000000000:role/other")
        let changed = try await update("Orders", role)
        #expect(changed.revisionID != nil)
        #expect(try await update("Orders", role) == changed)
        let logging: JSONObject = ["tracingConfiguration": ["enabled": true]]
        let traced = try await update("Orders", MachineUpdate(configuration: logging))
        #expect(traced.revisionID != changed.revisionID)
        #expect(try await update("Orders", MachineUpdate(configuration: logging)) == traced)
        let details = try #require(try await fixture.store.machineDetails("Orders"))
        #expect(details.configuration["tracingConfiguration"] == ["enabled": true])
        #expect(details.configuration["loggingConfiguration"]?["level"] == "OFF")
        #expect(details.roleARN == "arn:aws:iam::000000000000:role/other")
        #expect(details.definition == (try definition().text))
        #expect(try await fixture.store.updateStateMachine("Nobody", role) == .missing)
    }

    @Test func `of updates that change the same revision one is made, and the others learn which there is now`()
        async throws
    {
        _ = try await create("Orders")
        var revision = "INITIAL"
        for round in 0..<5 {
            let results: [UpdateResult] = try await withThrowingTaskGroup(of: UpdateResult.self) {
                [revision, store = fixture.store] group in
                for writer in 0..<8 {
                    let update = MachineUpdate(definition: try definition("\(round) \(writer)"), revisionID: revision)
                    group.addTask { try await store.updateStateMachine("Orders", update) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let current = try #require(try await fixture.store.machineDetails("Orders")?.revisionID)
            let made = results.compactMap { result in
                if case .done(_, let id, _) = result { id } else { nil }
            }
            #expect(made == [current])
            #expect(results.filter { $0 == .outdated(current: current) }.count == 7)
            revision = current
        }
        #expect(try await fixture.store.updateStateMachine("Nobody", MachineUpdate(revisionID: "INITIAL")) == .missing)
    }

    @Test func `a deployment by command and the API change the same machine`() async throws {
        let deployment = try await fixture.store.deploy(name: "Orders", definition: try definition().text)
        #expect(deployment.outcome == .created)
        #expect(try await fixture.store.deploy(name: "Orders", definition: try definition().text).outcome == .unchanged)
        #expect(try await fixture.store.machineDetails("Orders")?.revisionID == nil)
        let next = try await fixture.store.deploy(name: "Orders", definition: try definition("2").text)
        #expect(next.outcome == .updated && next.revision == 2)
        #expect(try await fixture.store.machineDetails("Orders")?.revisionID != nil)
    }

    @Test func `numbers of versions are given once`() async throws {
        _ = try await create("Orders")
        #expect(try await publish("Orders") == 1)
        #expect(try await publish("Orders") == 1)
        let update = try await update("Orders", MachineUpdate(definition: try definition("2"), publishes: true))
        #expect(update.version == 2)
        #expect(try await fixture.store.deleteVersion(2, ofStateMachine: "Orders") == [])
        #expect(try await fixture.store.deleteVersion(2, ofStateMachine: "Orders") == [])
        #expect(try await publish("Orders") == 3)
        let page = try await fixture.store.versions(ofStateMachine: "Orders", before: nil, limit: 1)
        #expect(page.elements.map(\.number) == [3] && page.next == 3)
        let rest = try await fixture.store.versions(ofStateMachine: "Orders", before: page.next, limit: 10)
        #expect(rest.elements.map(\.number) == [1] && rest.next == nil)
        #expect(try await fixture.store.machineDetails("Orders", version: 1)?.definition == (try definition().text))
        let outdated = try await fixture.store.publishVersion(
            ofStateMachine: "Orders",
            revisionID: "INITIAL",
            description: nil
        )
        #expect(outdated == .outdated(current: try #require(update.revisionID)))
    }

    @Test func `an alias shares the starts by weight and keeps its versions`() async throws {
        _ = try await create("Orders", publishes: true)
        _ = try await update("Orders", MachineUpdate(definition: try definition("2"), publishes: true))
        let store = fixture.store
        let routes = [Route(version: 1, weight: 0), Route(version: 2, weight: 100)]
        let made = try await store.createAlias("live", ofStateMachine: "Orders", description: "d", routes: routes)
        let again = try await store.createAlias("live", ofStateMachine: "Orders", description: "d", routes: routes)
        #expect(made == again)
        let other = try await store.createAlias("live", ofStateMachine: "Orders", description: "e", routes: routes)
        #expect(other == .conflict)
        let missing = [Route(version: 9, weight: 100)]
        #expect(
            try await store.createAlias("x", ofStateMachine: "Orders", description: nil, routes: missing) == .missing
        )
        #expect(try await store.deleteVersion(2, ofStateMachine: "Orders") == ["live"])

        let started = try await fixture.start("Orders:live", name: "a")
        #expect(started.arn == store.settings.executionARN(machine: "Orders", execution: "a"))
        let description = try await store.describe(started.arn)
        #expect(description.summary.version == 2 && description.summary.alias == "live" && description.revision == 2)
        let event = try #require(try await store.history(started.arn, limit: 1).first)
        #expect(
            event.json["executionStartedEventDetails"]?["stateMachineVersionArn"]?.string
                == store.settings.stateMachineARN("Orders") + ":2"
        )
        // The other half of the starts goes elsewhere once the weights say so.
        _ = try await store.updateAlias(
            "live",
            ofStateMachine: "Orders",
            description: nil,
            routes: [Route(version: 1, weight: 100)]
        )
        let second = try await store.describe(try await fixture.start("Orders:live", name: "b").arn)
        #expect(second.summary.version == 1 && second.revision == 1)
        #expect(try await store.alias("live", ofStateMachine: "Orders")?.description == "d")
        let listed = try await store.executions(stateMachine: "Orders:1").executions
        #expect(listed.map(\.name) == ["b"])
        #expect(try await store.executions(stateMachine: "Orders:live").executions.count == 2)
        #expect(try await store.deleteAlias("live", ofStateMachine: "Orders"))
        #expect(try await store.deleteAlias("live", ofStateMachine: "Orders") == false)
        await #expect(throws: StoreError.self) { try await fixture.start("Orders:live") }
    }

    @Test func `weights split the starts`() async throws {
        _ = try await create("Orders", publishes: true)
        _ = try await update("Orders", MachineUpdate(definition: try definition("2"), publishes: true))
        let routes = [Route(version: 1, weight: 30), Route(version: 2, weight: 70)]
        _ = try await fixture.store.createAlias("live", ofStateMachine: "Orders", description: nil, routes: routes)
        let rows = try await fixture.sql(
            """
            select count(*) filter (where r.o_version = 1)::int
            from generate_series(1, 2000), lateral stepwell.route('Orders:live' || left(generate_series::text, 0)) r
            """
        )
        // 600 are expected; beyond ten standard deviations it isn't chance.
        #expect((395...805).contains(try rows.only().int(0)))
    }

    @Test func `a deleted machine stops what it runs and frees its name`() async throws {
        _ = try await create("Orders", comment: "old", waits: true, publishes: true)
        _ = try await fixture.store.addTags([Tag(key: "k", value: "v")], to: "stateMachine:Orders")
        for number in 0..<3 { _ = try await fixture.start("Orders", name: "run-\(number)") }
        try await fixture.store.deleteStateMachine("Orders")
        try await fixture.store.deleteStateMachine("Nobody")
        #expect(try await fixture.store.machineDetails("Orders")?.isDeleting == true)
        #expect(try await create("Orders") == .deleting)
        await #expect(throws: StoreError.self) { try await fixture.start("Orders", name: "late") }
        try await fixture.store.finishDeletions()
        try await fixture.store.finishDeletions()
        #expect(try await fixture.store.machineDetails("Orders") == nil)
        #expect(try await fixture.count("steps") == 0)
        #expect(try await fixture.store.stateMachines().isEmpty)
        let ended = try await fixture.sql("select bool_and(status = 'ABORTED') from stepwell.executions").only()
        #expect(try ended.bool(0))

        #expect(try await create("Orders") != .deleting)
        #expect(try await fixture.store.tags(of: "stateMachine:Orders").isEmpty)
        #expect(try await publish("Orders") == 1)
        _ = try await fixture.start("Orders", name: "run-0")
    }

    @Test func `a resource has at most fifty tags`() async throws {
        let store = fixture.store
        let many = (0..<50).map { Tag(key: "k\($0)", value: "") }
        #expect(try await store.addTags(many, to: "stateMachine:A"))
        #expect(
            try await store.addTags([Tag(key: "k0", value: "new"), Tag(key: "k0", value: "x")], to: "stateMachine:A")
        )
        #expect(try await store.addTags([Tag(key: "one more", value: "")], to: "stateMachine:A") == false)
        #expect(try await store.tags(of: "stateMachine:A").count == 50)
        try await store.removeTags(many.map(\.key).filter { $0 != "k0" } + ["nothing"], from: "stateMachine:A")
        #expect(try await store.tags(of: "stateMachine:A") == [Tag(key: "k0", value: "x")])
    }

    private struct Updated: Equatable {
        var revisionID: String?
        var version: Int?
    }

    private func definition(_ comment: String = "1", waits: Bool = false) throws -> ValidDefinition {
        let state = waits ? #"{"Type": "Wait", "Seconds": 1000, "End": true}"# : #"{"Type": "Pass", "End": true}"#
        return try ValidDefinition(#"{"Comment": "\#(comment)", "StartAt": "A", "States": {"A": \#(state)}}"#)
    }

    private func create(
        _ name: String,
        comment: String = "1",
        waits: Bool = false,
        type: MachineType = .standard,
        roleARN: String = "arn:aws:iam::000000000000:role/r",
        publishes: Bool = false
    ) async throws -> Creation {
        try await fixture.store.createStateMachine(
            NewStateMachine(
                name: name,
                type: type,
                definition: try definition(comment, waits: waits),
                roleARN: roleARN,
                configuration: [
                    "loggingConfiguration": ["level": "OFF", "includeExecutionData": false],
                    "tracingConfiguration": ["enabled": false],
                    "encryptionConfiguration": ["type": "AWS_OWNED_KEY"],
                ],
                publishes: publishes
            )
        )
    }

    private func update(_ name: String, _ update: MachineUpdate) async throws -> Updated {
        guard case .done(_, let revisionID, let version) = try await fixture.store.updateStateMachine(name, update)
        else { throw StoreError.corrupt("not updated") }
        return Updated(revisionID: revisionID, version: version)
    }

    private func publish(_ name: String) async throws -> Int? {
        let publication = try await fixture.store.publishVersion(
            ofStateMachine: name,
            revisionID: nil,
            description: nil
        )
        guard case .published(let version) = publication else { return nil }
        return version.number
    }
}
