import Postgres
import PostgresTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ListenerTests {
    @Test func tellsOfNotificationsOnItsChannels() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let sender = try await Connection.connect(configuration, logger: testLogger)
        try await listening(configuration) { listener in
            var events = try listener.events(on: ["jobs", "Odd \"name\""]).makeAsyncIterator()
            #expect(await events.next() == .resumed)
            _ = try await sender.batch([
                "NOTIFY jobs, 'one'", "NOTIFY others, 'two'", "NOTIFY \"Odd \"\"name\"\"\"",
                Statement("SELECT pg_notify('jobs', $1)", [.text("주문")]),
            ])
            #expect(await events.next() == .notification(Notification(channel: "jobs", payload: "one")))
            #expect(await events.next() == .notification(Notification(channel: "Odd \"name\"", payload: "")))
            #expect(await events.next() == .notification(Notification(channel: "jobs", payload: "주문")))
        }
    }

    @Test func streamsComeAndGo() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let sender = try await Connection.connect(configuration, logger: testLogger)
        try await listening(configuration) { listener in
            var first = try listener.events(on: ["a"]).makeAsyncIterator()
            #expect(await first.next() == .resumed)
            do {
                var second = try listener.events(on: ["b"]).makeAsyncIterator()
                #expect(await second.next() == .resumed)
                try await sender.execute("NOTIFY b, 'x'")
                #expect(await second.next() == .notification(Notification(channel: "b", payload: "x")))
            }
            // Nobody reads b any more; a is still read.
            _ = try await sender.batch(["NOTIFY b, 'y'", "NOTIFY a, 'z'"])
            #expect(await first.next() == .notification(Notification(channel: "a", payload: "z")))
        }
    }

    @Test func listensAgainAfterALossAndSaysSo() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let sender = try await Connection.connect(configuration, logger: testLogger)
        try await listening(configuration.named("victim")) { listener in
            var events = try listener.events(on: ["jobs"]).makeAsyncIterator()
            #expect(await events.next() == .resumed)
            try await sender.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'victim' AND datname = current_database()
                """
            )
            #expect(await events.next() == .resumed)
            try await sender.execute("NOTIFY jobs, 'after'")
            #expect(await events.next() == .notification(Notification(channel: "jobs", payload: "after")))
        }
    }

    @Test func aReaderThatFallsBehindIsTold() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let sender = try await Connection.connect(configuration, logger: testLogger)
        try await listening(configuration) { listener in
            var slow = try listener.events(on: ["flood", "end"]).makeAsyncIterator()
            var quick = try listener.events(on: ["end"]).makeAsyncIterator()
            #expect(await slow.next() == .resumed)
            #expect(await quick.next() == .resumed)
            try await sender.execute("SELECT pg_notify('flood', n::text) FROM generate_series(1, 5000) AS n")
            try await sender.execute("NOTIFY \"end\"")
            #expect(await quick.next() == .notification(Notification(channel: "end", payload: "")))
            // What didn't find room is announced at the end of what did.
            var read = 0
            while case .notification? = await slow.next() { read += 1 }
            #expect(read < 5000)
            try await sender.execute("NOTIFY flood, 'again'")
            // The end of the flood may only have reached this stream after the other one.
            let end = Listener.Event.notification(Notification(channel: "end", payload: ""))
            var next = await slow.next()
            while next == .resumed || next == end { next = await slow.next() }
            #expect(next == .notification(Notification(channel: "flood", payload: "again")))
        }
    }

    @Test func streamsEndWithTheListener() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let listener = Listener(configuration, logger: testLogger)
        var events = try listener.events(on: ["jobs"]).makeAsyncIterator()
        let running = Task { await listener.run() }
        #expect(await events.next() == .resumed)
        running.cancel()
        await running.value
        #expect(await events.next() == nil)
        var late = try listener.events(on: ["jobs"]).makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    @Test(arguments: ["", String(repeating: "x", count: 64), "a\0b"])
    func refusesNamesThatCannotBeChannels(name: String) async throws {
        let listener = Listener(try PostgresConfiguration("host=nowhere"), logger: testLogger)
        #expect(throws: PostgresError.self) { try listener.events(on: [name]) }
    }

    private func listening(
        _ configuration: PostgresConfiguration,
        _ body: (Listener) async throws -> Void
    ) async throws {
        let listener = Listener(configuration, logger: testLogger, gate: ReconnectGate(spacing: .milliseconds(10)))
        let running = Task { await listener.run() }
        do {
            try await body(listener)
        } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        await running.value
    }
}
