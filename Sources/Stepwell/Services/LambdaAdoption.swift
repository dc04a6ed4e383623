import Logging
import Store
import Synchronization

/// Lets a worker with an endpoint for Lambda take the functions that no worker offers, for as long as that is so.
struct LambdaAdoption {
    let engine: Engine

    private static let interval: Duration = .seconds(1)
    /// More are taken when these are done.
    private static let most = 500

    /// Works until the task is cancelled.
    func run() async {
        var backoff = Backoff(engine.surroundings)
        while !Task.isCancelled {
            do throws(StoreError) {
                try await look()
                backoff.reset()
                await engine.adoptionBox.wait(until: engine.surroundings.now.advanced(by: Self.interval))
            } catch {
                await backoff.wait()
            }
            _ = engine.adoptionBox.take()
        }
    }

    private func look() async throws(StoreError) {
        let adopted = engine.capacity.withLock(\.adoptedFunctions)
        let orphans = try await engine.facilities.postgres.orphanedFunctions(limit: Self.most)
        let returned = try await engine.facilities.postgres.offeredFunctions(among: adopted)
        let now = orphans.union(adopted).subtracting(returned).subtracting(engine.functions.keys)
        guard now != Set(adopted) else { return }
        engine.capacity.withLock { $0.adopt(now.sorted()) }
        engine.logger.debug("Functions of Lambda's endpoint", metadata: ["functions": "\(now.sorted())"])
        engine.claimBox.post { $0.mayHaveMissed = true }
    }
}
