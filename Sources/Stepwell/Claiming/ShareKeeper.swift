import Logging
import Store
import Synchronization

/// Keeps what this worker may run of functions that are limited in the whole installation.
struct ShareKeeper {
    let engine: Engine

    /// How soon workers learn of each other's needs.
    private static let interval: Duration = .seconds(1)
    /// How often it is looked whether a limit was set, where there is none.
    private static let lookInterval: Duration = .seconds(5)
    /// How finely starts are spread over a second.
    private static let pace: Duration = .milliseconds(50)

    /// The database's side of a share must outlive the calls: their leases end before.
    private var lifetime: Duration { engine.configuration.lease * 2 + Self.interval }

    /// Asks for the first time: before that it is not known what may run.
    func begin() async {
        var backoff = Backoff(engine.surroundings)
        while !Task.isCancelled, !engine.isStopping {
            do throws(StoreError) {
                return try await ask()
            } catch {
                await backoff.wait()
            }
        }
    }

    /// Works until the task is cancelled.
    func run() async {
        var asked = engine.surroundings.now
        var paced = asked
        while !Task.isCancelled {
            let (isLimited, isPaced) = engine.capacity.withLock { ($0.hasBudgets, $0.isPaced) }
            await engine.surroundings.sleep(for: isPaced ? Self.pace : isLimited ? Self.interval : Self.lookInterval)
            let now = engine.surroundings.now
            if isPaced, engine.capacity.withLock({ $0.pass(paced.duration(to: now)) }) { engine.budgetsGrew() }
            paced = now
            guard asked.duration(to: now) >= (isLimited ? Self.interval : Self.lookInterval) else { continue }
            do throws(StoreError) {
                try await ask()
                asked = now
            } catch {
                engine.logger.debug("Shares could not be asked for", metadata: ["error": "\(error)"])
                // Others will take them over: nothing new begins here.
                if asked.duration(to: now) > engine.configuration.lease {
                    engine.capacity.withLock { $0.closeBudgets() }
                }
            }
        }
    }

    private func ask() async throws(StoreError) {
        let requests = engine.capacity.withLock(\.shareRequests)
        guard !requests.isEmpty else { return }
        let rules = try await engine.facilities.postgres.fairRules()
        engine.capacity.withLock { $0.set(rules) }
        let shares = try await engine.facilities.postgres.shares(
            of: engine.record.instance,
            requests,
            lifetime: lifetime
        )
        if engine.capacity.withLock({ $0.set(shares) }) { engine.budgetsGrew() }
    }
}

extension Engine {
    /// More may run of some functions than before.
    func budgetsGrew() {
        for function in capacity.withLock(\.functionsWithBudget) { permits.tell(function) }
        claimBox.post { $0.hasFinished = true }
    }
}
