import Expressions
import Logging
import Postgres
import Store

/// Forgets executions whose time is over. Every worker does this from time to time; they take different ones.
struct Forgetter {
    let store: Store
    let configuration: WorkerConfiguration
    /// Tells this process's archive files from those of others.
    let worker: PGUUID

    /// Executions that are looked at in one transaction.
    private static let page = 500

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            // Workers that were started together need not all look at the same time.
            let interval = configuration.maintenanceInterval
            guard (try? await Task.sleep(for: interval * Double.random(in: 0.8...1.2))) != nil else { return }
            do {
                try await forget()
            } catch let error as StoreError {
                configuration.logger.debug("Old executions could not be forgotten", metadata: ["error": "\(error)"])
            } catch {
                configuration.logger.error("Old executions could not be forgotten", metadata: ["error": "\(error)"])
            }
        }
    }

    private func forget() async throws {
        let retention = try await store.retention()
        guard retention.seconds != nil || !retention.machines.isEmpty else { return }
        let directory = configuration.archiveDirectory
        // Somebody else has the archive.
        if retention.archives, directory == nil { return }
        let archive = Archive(directory ?? "", worker: worker, store: store)
        var count = 0
        for bucket in (0..<store.settings.buckets).shuffled() {
            var last: PGUUID?
            repeat {
                let page = try await store.forgetExpired(bucket: bucket, after: last, limit: Self.page) { names in
                    if retention.archives { try await archive.write(names) }
                }
                count += page.forgotten
                last = page.seen < Self.page ? nil : page.last
            } while last != nil && !Task.isCancelled
        }
        while !Task.isCancelled, try await store.dropExpiredPartition() {}
        if count > 0 {
            configuration.logger.info("Forgot executions whose retention is over", metadata: ["count": "\(count)"])
        }
    }
}
