import Logging
package import Postgres

/// Where many wait for tasks of activities. They share one channel and one look at the tables, so that a thousand who
/// wait cost little more than one does.
///
/// The tables are the truth: they are looked at every second, whatever was heard. A notification only makes it quicker.
package actor ActivityDesk {
    private struct Waiter {
        let id: Int
        let workerName: String?
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<ActivityTask?, Never>
    }

    private static let pollInterval: Duration = .seconds(1)
    /// How long others believe that somebody waits here; said again when half of it is over.
    private static let registration: Duration = .seconds(30)
    private static let largestBatch = 50

    private let store: Store
    private let listener: Listener
    private let channel = "stepwell_waiter_" + PGUUID.v4().description.replacing("-", with: "")
    private let bell = Bell()
    /// Activities that somebody has begun to wait for.
    private var comings: Set<String> = []
    /// Activities that may have a task: somebody said so, and has taken this process off the list.
    private var told: Set<String> = []
    /// What was sent before may not have been heard.
    private var mayHaveMissed = false
    /// In order of their coming.
    private var queues: [String: [Waiter]] = [:]
    /// Those whose tasks are being fetched, and who have left meanwhile.
    private var gone: Set<Int> = []
    private var inHand: Set<Int> = []
    private var registered: [String: ContinuousClock.Instant] = [:]
    private var lastID = 0
    private var isClosed = false

    /// - Parameter listener: hears of tasks; somebody runs it.
    package init(store: Store, listener: Listener) {
        self.store = store
        self.listener = listener
    }

    /// Waits for a task of an activity. Needs ``run()``.
    ///
    /// - Parameters:
    ///   - activity: its name or ARN.
    ///   - workerName: shown in the history.
    ///   - patience: how long to wait; AWS waits a minute.
    /// - Returns: nil when there was none in all that time, or the task was cancelled.
    /// - Throws: `.activityDoesNotExist`.
    package func task(
        of activity: String,
        workerName: String?,
        patience: Duration = .seconds(60)
    ) async throws(StoreError) -> ActivityTask? {
        let name = try await store.activity(activity).name
        lastID += 1
        let id = lastID
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !isClosed, !Task.isCancelled else { return continuation.resume(returning: nil) }
                queues[name, default: []]
                    .append(
                        Waiter(
                            id: id,
                            workerName: workerName,
                            deadline: .now.advanced(by: patience),
                            continuation: continuation
                        )
                    )
                comings.insert(name)
                bell.ring()
            }
        } onCancel: {
            Task { await self.leave(id, activity: name) }
        }
    }

    /// How many wait.
    package var waitingCount: Int { queues.values.reduce(inHand.count) { $0 + $1.count } }

    /// Serves those who wait until the task is cancelled; then they are sent away, and so is everybody who comes later.
    package func run() async {
        let events = try? listener.events(on: [channel])
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                guard let events else { return }
                for await event in events { await self.hear(event) }
            }
            await serve()
            group.cancelAll()
        }
        isClosed = true
        for queue in queues.values { for waiter in queue { waiter.continuation.resume(returning: nil) } }
        queues = [:]
        await unregister(Array(registered.keys))
    }

    private func hear(_ event: Listener.Event) {
        switch event {
        case .resumed: mayHaveMissed = true
        case .notification(let notification): told.insert(notification.payload)
        }
        bell.ring()
    }

    private func leave(_ id: Int, activity: String) {
        if inHand.contains(id) { gone.insert(id) }
        guard let place = queues[activity]?.firstIndex(where: { $0.id == id }) else { return }
        queues[activity]?.remove(at: place).continuation.resume(returning: nil)
    }

    private func serve() async {
        var nextPoll = ContinuousClock.now
        while !Task.isCancelled {
            await bell.wait(until: queues.isEmpty && registered.isEmpty ? nil : nextPoll)
            dismissLate()
            let told = told
            var names = comings.union(told)
            (comings, self.told) = ([], [])
            for name in told { registered[name] = nil }
            let now = ContinuousClock.now
            if mayHaveMissed || nextPoll <= now {
                names.formUnion(queues.keys)
                mayHaveMissed = false
                nextPoll = now.advanced(by: Self.pollInterval)
            }
            do throws(StoreError) {
                // Somebody waits at another server, perhaps: this one was told in their place.
                for name in told where queues[name]?.isEmpty ?? true { await store.wakeActivity(name) }
                try await lookAfter(names)
                await unregister(registered.keys.filter { queues[$0]?.isEmpty ?? true })
            } catch {
                // Those who wait go on waiting: the next look may succeed.
                store.logger.debug("Tasks of activities can't be looked for", metadata: ["error": "\(error)"])
                nextPoll = .now.advanced(by: Self.pollInterval)
            }
        }
    }

    private func dismissLate() {
        let now = ContinuousClock.now
        for (name, queue) in queues {
            let late = queue.filter { $0.deadline <= now }
            guard !late.isEmpty || queue.isEmpty else { continue }
            let rest = queue.filter { $0.deadline > now }
            queues[name] = rest.isEmpty ? nil : rest
            for waiter in late { waiter.continuation.resume(returning: nil) }
        }
    }

    private func lookAfter(_ names: Set<String>) async throws(StoreError) {
        var waiting = names.filter { !(queues[$0]?.isEmpty ?? true) }
        guard !waiting.isEmpty else { return }
        try await handOut(of: waiting)
        waiting = waiting.filter { !(queues[$0]?.isEmpty ?? true) }
        let now = ContinuousClock.now
        let unknown = waiting.filter { (registered[$0] ?? now) <= now.advanced(by: Self.registration / 2) }
        guard !unknown.isEmpty else { return }
        try await store.registerPoller(channel, for: unknown.sorted(), lifetime: Self.registration)
        for name in unknown { registered[name] = now.advanced(by: Self.registration) }
        // Looked at again after saying so: what came in between is not missed.
        try await handOut(of: unknown)
    }

    /// Gives tasks to those who wait, for as long as there are both.
    private func handOut(of names: Set<String>) async throws(StoreError) {
        for (bucket, name) in try await store.activitiesWithTasks(names.sorted()).shuffled() {
            while let queue = queues[name], !queue.isEmpty {
                let first = Array(queue.prefix(Self.largestBatch))
                queues[name]?.removeFirst(first.count)
                let found = await fetch(first, of: name, in: bucket)
                if try found.get() < first.count { break }
            }
            // There may be more tasks than have waited here.
            if queues[name]?.isEmpty ?? true { await store.wakeActivity(name) }
        }
    }

    /// - Returns: how many got a task; the others stand at the head of the queue again.
    private func fetch(_ waiters: [Waiter], of name: String, in bucket: Int32) async -> Result<Int, StoreError> {
        inHand.formUnion(waiters.map(\.id))
        let result: Result<[ActivityTask], StoreError>
        do throws(StoreError) {
            result = .success(
                try await store.takeActivityTasks(of: name, bucket: bucket, for: waiters.map(\.workerName))
            )
        } catch {
            result = .failure(error)
        }
        let tasks = (try? result.get()) ?? []
        for (waiter, task) in zip(waiters, tasks) { waiter.continuation.resume(returning: task) }
        var rest: [Waiter] = []
        for waiter in waiters.dropFirst(tasks.count) {
            if gone.contains(waiter.id) || isClosed {
                waiter.continuation.resume(returning: nil)
            } else {
                rest.append(waiter)
            }
        }
        inHand.subtract(waiters.map(\.id))
        gone.subtract(waiters.map(\.id))
        if !rest.isEmpty { queues[name, default: []].insert(contentsOf: rest, at: 0) }
        return result.map(\.count)
    }

    private func unregister(_ names: [String]) async {
        guard !names.isEmpty else { return }
        for name in names { registered[name] = nil }
        await store.unregisterPoller(channel, for: names)
    }
}
