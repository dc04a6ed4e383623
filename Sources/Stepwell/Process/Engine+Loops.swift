extension Engine {
    /// Runs what claims steps until ``stop()``; then gives back what it has not begun.
    func claim(_ notifier: ServiceNotifier?) async {
        var loop = ClaimLoop(engine: self, notifier: notifier)
        await loop.run()
        claimingEnded()
    }

    /// Runs what keeps leases, rescues, delivers and hints, until the task is cancelled.
    func maintain() async {
        await withTaskGroup { group in
            group.addTask(executorPreference: surroundings.leaseExecutor) { await LeaseKeeper(engine: self).run() }
            group.addTask { await Janitor(engine: self).run() }
            group.addTask { await self.hints.run() }
        }
    }
}
