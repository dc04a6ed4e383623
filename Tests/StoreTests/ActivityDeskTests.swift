import Interpreter
import JSON
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

/// Many who wait for tasks at one server.
@Suite("Activity desk")
struct ActivityDeskTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        for activity in ["approve", "other"] { _ = try await fixture.store.createActivity(activity) }
        try await fixture.deploy(
            "Approval",
            startAt: "Ask",
            """
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:approve", "End": true}
            """
        )
    }

    /// Runs a desk while the body does.
    ///
    /// - Parameter listens: without it nothing is ever heard.
    private func withDesk<Value: Sendable>(
        listens: Bool = true,
        _ body: (ActivityDesk) async throws -> Value
    ) async throws -> Value {
        let listener = Listener(TestNetwork.listening(fixture.configuration), logger: fixture.store.logger)
        let desk = ActivityDesk(store: fixture.store, listener: listener)
        let running = Task {
            await withTaskGroup(of: Void.self) { group in
                if listens { group.addTask { await listener.run() } }
                group.addTask { await desk.run() }
            }
        }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(desk))
        } catch {
            result = .failure(error)
        }
        running.cancel()
        await running.value
        return try result.get()
    }

    private func wait(for count: Int, at desk: ActivityDesk) async throws {
        while await desk.waitingCount < count { try await Task.sleep(for: .milliseconds(2)) }
    }

    private func makeTasks(_ count: Int) async throws {
        for index in 0..<count { _ = try await fixture.start("Approval", input: "\(index)") }
        try await ManualWorker(fixture: fixture).run()
    }

    @Test("a task goes to one of those who wait, whether they are told or not", arguments: [true, false])
    func oneTask(listens: Bool) async throws {
        let task = try await withDesk(listens: listens) { desk in
            async let waiting = desk.task(of: "approve", workerName: "anna")
            try await wait(for: 1, at: desk)
            try await makeTasks(1)
            await fixture.store.wakeActivity("approve")
            return try await waiting
        }
        #expect(task?.input.text == "0")
        #expect(try await fixture.count("activity_pollers") == 0)
    }

    @Test("a thousand wait, and each gets a task of its own")
    func thousand() async throws {
        let tokens = try await withDesk { desk in
            try await withThrowingTaskGroup(of: String?.self) { group in
                for index in 0..<1000 {
                    group.addTask { try await desk.task(of: "approve", workerName: "w\(index)")?.token }
                }
                try await wait(for: 1000, at: desk)
                // One registration is enough for all of them.
                while try await fixture.count("activity_pollers") == 0 { await Task.yield() }
                #expect(try await fixture.count("activity_pollers") == 1)
                try await makeTasks(60)
                await fixture.store.wakeActivity("approve")
                var tokens: Set<String> = []
                for _ in 0..<60 { if let token = try await group.next() { tokens.insert(token ?? "") } }
                #expect(await desk.waitingCount == 940)
                group.cancelAll()
                return tokens
            }
        }
        #expect(tokens.count == 60 && !tokens.contains(""))
    }

    @Test("who leaves, is late, or waits at a desk that closes gets nothing and takes nothing away")
    func leaving() async throws {
        try await withDesk { desk in
            #expect(try await desk.task(of: "approve", workerName: nil, patience: .milliseconds(50)) == nil)
            let leaving = Task { try await desk.task(of: "approve", workerName: nil) }
            try await wait(for: 1, at: desk)
            leaving.cancel()
            #expect(try await leaving.value == nil)
            #expect(await desk.waitingCount == 0)
            try await makeTasks(1)
            await fixture.store.wakeActivity("approve")
            #expect(try await desk.task(of: "approve", workerName: nil)?.input.text == "0")
            await #expect {
                _ = try await desk.task(of: "nothing", workerName: nil)
            } throws: {
                if case StoreError.activityDoesNotExist = $0 { true } else { false }
            }
        }
        let last = try await withDesk { desk in
            let last = Task { try await desk.task(of: "other", workerName: nil) }
            try await wait(for: 1, at: desk)
            return last
        }
        #expect(try await last.value == nil)
    }

    @Test("a server where nobody waits passes on what it was told")
    func passedOn() async throws {
        let task = try await withDesk { first in
            try await withDesk { second in
                let leaving = Task { try await first.task(of: "approve", workerName: nil) }
                while try await fixture.count("activity_pollers") < 1 { await Task.yield() }
                async let waiting = second.task(of: "approve", workerName: nil)
                while try await fixture.count("activity_pollers") < 2 { await Task.yield() }
                leaving.cancel()
                _ = try await leaving.value
                try await makeTasks(1)
                await fixture.store.wakeActivity("approve")
                return try await waiting
            }
        }
        #expect(task != nil)
    }
}

/// Many who wait for ends of executions at one server.
@Suite("End watch")
struct EndWatchTests {
    @Test("whoever waits learns of the end, of what isn't there, and that their time is over")
    func ends() async throws {
        let fixture = try await StoreFixture()
        try await fixture.deploy("Pass", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        let watch = EndWatch(store: fixture.store)
        let running = Task { await watch.run() }
        for index in 0..<50 { _ = try await fixture.start("Pass", name: "n\(index)", input: "\(index)") }
        let ends = try await withThrowingTaskGroup(of: String?.self) { group in
            for index in 0..<50 {
                group.addTask { try await watch.end(of: "Pass:n\(index)", patience: .seconds(60))?.output?.text }
            }
            try await ManualWorker(fixture: fixture).run()
            return try await group.reduce(into: Set<String>()) { $0.insert($1 ?? "nothing") }
        }
        #expect(ends == Set((0..<50).map(String.init)))
        await #expect {
            _ = try await watch.end(of: "Pass:nobody", patience: .seconds(60))
        } throws: {
            if case StoreError.executionDoesNotExist = $0 { true } else { false }
        }
        _ = try await fixture.start("Pass", name: "open")
        #expect(try await watch.end(of: "Pass:open", patience: .milliseconds(20)) == nil)
        let last = Task { try await watch.end(of: "Pass:open", patience: .seconds(60)) }
        running.cancel()
        await running.value
        #expect(try await last.value == nil)
    }
}
