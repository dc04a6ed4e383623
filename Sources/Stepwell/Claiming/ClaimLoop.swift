import Expressions
import Logging
import Postgres
import Store
import Synchronization

/// Finds work and hands it to runners, until the worker stops.
struct ClaimLoop {
    let engine: Engine
    let notifier: ServiceNotifier?
    private var plan: ClaimPlan
    private var suspects: [(step: ClaimedStep, offer: Capacity.Offer)] = []
    /// Where the last full claim of a bucket began: what lies before it is mostly what has been claimed already.
    private var lowWater: [Int32: Timestamp] = [:]
    private var backoff: Backoff
    private var isReady = false
    private var nextHeartbeat: ContinuousClock.Instant
    private var nextFeed: ContinuousClock.Instant
    /// When the database was last heard to be away.
    private var awaySince: ContinuousClock.Instant?

    /// When a claim is made although it has little room.
    private var nextSmallClaim: ContinuousClock.Instant

    private static let heartbeatInterval: Duration = .seconds(5)
    /// How long the loop waits for more room than a few slots.
    private static let patience: Duration = .milliseconds(20)
    /// How many steps that were lost once run beside each other: of n that a crash makes suspects, one that ends the
    /// process takes this many along, so that n / 32 + 32 turns are enough for all of them.
    private static let company = 32

    init(engine: Engine, notifier: ServiceNotifier?) {
        self.engine = engine
        self.notifier = notifier
        let now = engine.surroundings.now
        plan = ClaimPlan(now: now)
        backoff = Backoff(engine.surroundings)
        nextFeed = now
        nextSmallClaim = now
        nextHeartbeat = now.advanced(by: Self.heartbeatInterval)
    }

    /// Runs until the engine stops. What was claimed and not begun is given back.
    mutating func run() async {
        while !engine.isStopping {
            feedWatchdog()
            read(engine.claimBox.take())
            do throws(StoreError) {
                if !suspects.isEmpty { await runSuspects() }
                try await step()
                try await beatIfDue()
                isBack()
            } catch {
                await isAway(error)
            }
        }
        for suspect in suspects {
            await engine.release(suspect.step.lease)
            engine.finished(suspect.step.lease, permit: suspect.offer.limited)
        }
    }

    private mutating func read(_ letters: ClaimLetters) {
        plan.hint(letters.hinted.sorted())
        if letters.hasFinished || letters.nextDue != nil { plan.worked(nextDue: letters.nextDue, now: now) }
        if letters.mayHaveMissed { plan.lostSight() }
    }

    private var now: ContinuousClock.Instant { engine.surroundings.now }

    private mutating func step() async throws(StoreError) {
        let now = now
        let (room, isWorthClaiming) = engine.capacity.withLock { ($0.room, $0.isWorthClaiming) }
        if room > 0, !isWorthClaiming, now < nextSmallClaim {
            return await engine.claimBox.wait(until: nextSmallClaim)
        }
        switch plan.next(hasRoom: room > 0, now: now, time: engine.databaseTime()) {
        case .claim(let bucket, let isThorough): try await claim(bucket, isThorough: isThorough)
        #if FAULTS
            case .probe where isReady && engine.surroundings.bug == .wakesByHintOnly: await engine.claimBox.wait()
        #endif
        case .probe: try await probe()
        case .announce(let isIdle): try await beat(isIdle: isIdle)
        case .sleep(let until): await engine.claimBox.wait(until: min(until, nextHeartbeat))
        }
    }

    private mutating func probe() async throws(StoreError) {
        let (functions, offersAll) = engine.capacity.withLock { ($0.offeredFunctions, $0.offersAll) }
        let probe = try await engine.store.probe(functions: functions)
        engine.observe(probe.now)
        let other = plan.probed(
            probe,
            asksForAll: offersAll && engine.configuration.usesNotifications,
            now: now,
            // A little more than a second: processes that start together should not stay in step.
            pollAfter: ClaimPlan.pollInterval * engine.surroundings.random(in: 1...1.1),
            firstBucket: firstBucket(of: probe.buckets.count)
        )
        if !other.isEmpty { engine.janitorBox.post { $0.formUnion(other) } }
        if !isReady {
            isReady = true
            notifier?.ready()
            engine.configuration.onReady?()
            engine.logger.info("Worker is ready", metadata: ["functions": "\(engine.record.functions)"])
        }
    }

    /// Where the next claims begin: anywhere, but with calls that wait for their turn with the bucket whose turn it is.
    private func firstBucket(of count: Int) -> Int {
        guard let turn = plan.nextTurn, engine.capacity.withLock(\.hasLanes) else {
            return Int(engine.surroundings.randomBits() % UInt64(max(1, count)))
        }
        return Int(turn) % max(1, count)
    }

    private mutating func claim(_ bucket: Int32, isThorough: Bool) async throws(StoreError) {
        var count = 0
        var isFull = false
        var mark: Timestamp?
        let (offers, offersAll) = engine.capacity.withLock { ($0.offers(), $0.offersAll) }
        for offer in offers {
            let limit = min(offer.limit, engine.capacity.withLock { $0.room(for: offer) })
            guard limit > 0 else { continue }
            CrashPoint.beforeClaim.pass()
            let sentAt = now
            let claim = try await engine.store.claim(
                bucket: bucket,
                functions: offer.functions,
                limit: limit,
                worker: engine.record.instance,
                lease: engine.configuration.lease,
                // What is new in a lane may stand before what was claimed.
                from: isThorough || offer.lane != nil ? nil : lowWater[bucket]
            )
            if !claim.steps.isEmpty { CrashPoint.afterClaim.pass() }
            if let now = claim.now { engine.observe(now) }
            let readySince = offer.lane == nil ? claim.readySince : nil
            engine.metrics.claimed(claim.leasedCount, readySince: readySince, now: claim.now)
            engine.capacity.withLock { $0.took(claim.steps.count, of: offer) }
            engine.held[Int(bucket)].steps
                .withLock { held in
                    for step in claim.steps { held.insert(step.lease, grantedAt: sentAt) }
                }
            for step in claim.steps { start(step, offer) }
            count += claim.leasedCount
            if claim.leasedCount >= limit {
                isFull = true
                if let since = readySince { mark = min(mark ?? since, since) }
            }
        }
        lowWater[bucket] = mark
        nextSmallClaim = now.advanced(by: Self.patience)
        plan.claimed(bucket, count: count, isFull: isFull, asksForAll: offersAll, now: now)
    }

    private mutating func start(_ step: ClaimedStep, _ offer: Capacity.Offer) {
        if step.isSuspect {
            suspects.append((step, offer))
        } else {
            run(step, offer)
        }
    }

    private func run(_ step: ClaimedStep, _ offer: Capacity.Offer) {
        let engine = engine
        StepTask.start(on: engine.surroundings.stepExecutor(ofBucket: step.key.bucket)) { task in
            if step.isExpress {
                await ExpressRunner(engine: engine, step: step).run(permit: offer.limited)
            } else {
                var runner = StepRunner(engine: engine, step: step, permit: offer.limited, lane: offer.lane, in: task)
                await runner.run()
            }
        }
    }

    private mutating func beat(isIdle: Bool) async throws(StoreError) {
        var record = engine.record
        record.isIdle = isIdle
        record.figures = engine.metrics.report
        (record.inHand, record.claims, record.withheld) = engine.capacity.withLock {
            ($0.stepCount, $0.claims, $0.withheld)
        }
        if engine.isExclusive { record.claims = [] }
        try await engine.store.heartbeat(record)
        nextHeartbeat = now.advanced(by: Self.heartbeatInterval)
        if isIdle != plan.isAnnouncedIdle { plan.announced(isIdle: isIdle) }
    }

    private mutating func beatIfDue() async throws(StoreError) {
        if nextHeartbeat <= now { try await beat(isIdle: plan.isAnnouncedIdle) }
    }

    // MARK: Suspects

    /// Runs steps whose worker was lost, and nothing beside them: whichever of them ends the process ends nobody else's
    /// work. Those that were lost only once, most of them innocent, keep each other company; those that were lost again
    /// after that run alone. What has been running for a whole lease is not waited for.
    private mutating func runSuspects() async {
        engine.setExclusive(true)
        defer { engine.setExclusive(false) }
        let patience = now.advanced(by: engine.configuration.lease)
        while engine.capacity.withLock(\.stepCount) > suspects.count, !engine.isStopping, now < patience {
            await pass(until: patience)
        }
        #if FAULTS
            if engine.surroundings.bug == .suspectsNeverAlone { await runSuspects(atOnce: Self.company) { _ in true } }
        #endif
        await runSuspects(atOnce: Self.company) { $0.losses == 0 }
        await runSuspects(atOnce: 1) { $0.losses > 0 }
    }

    private mutating func runSuspects(atOnce limit: Int, where belongs: (ClaimedStep) -> Bool) async {
        var running: [(step: ClaimedStep, patience: ContinuousClock.Instant?)] = []
        while !engine.isStopping {
            running.removeAll { step, patience in
                let isHeld = engine.held(of: step.key).steps.withLock { $0.contains(step.key) }
                return !isHeld || patience.map { $0 <= now } ?? false
            }
            if running.count < limit, let index = suspects.lastIndex(where: { belongs($0.step) }) {
                let (step, offer) = suspects.remove(at: index)
                run(step, offer)
                // What waits in memory most of its time must not keep everything else waiting.
                running.append((step, step.isExpress ? now.advanced(by: engine.configuration.lease) : nil))
            } else if !running.isEmpty {
                await pass(until: running.compactMap(\.patience).min())
            } else {
                return
            }
        }
    }

    /// Waits for news without claiming.
    private mutating func pass(until deadline: ContinuousClock.Instant?) async {
        feedWatchdog()
        do throws(StoreError) {
            try await beatIfDue()
        } catch {
            // The next look at the database says so soon enough; suspects run all the same.
            engine.logger.debug("A sign of life could not be given", metadata: ["error": "\(error)"])
        }
        let tick = now.advanced(by: .seconds(1))
        await engine.claimBox.wait(until: min(deadline ?? tick, tick))
        read(engine.claimBox.take())
    }

    // MARK: Signs of life

    private mutating func feedWatchdog() {
        engine.looked()
        guard let notifier, let interval = notifier.watchdogInterval, nextFeed <= now else { return }
        notifier.feedWatchdog()
        nextFeed = now.advanced(by: interval / 2)
    }

    private mutating func isAway(_ error: StoreError) async {
        guard !engine.isStopping else { return }
        if awaySince == nil {
            awaySince = now
            engine.logger.warning("The database can't be reached; trying again", metadata: ["error": "\(error)"])
        }
        plan.failed()
        let end = now.advanced(by: backoff.pause())
        while !engine.isStopping, now < end {
            await engine.claimBox.wait(until: end)
            read(engine.claimBox.take())
        }
    }

    private mutating func isBack() {
        guard let since = awaySince else { return }
        awaySince = nil
        backoff.reset()
        engine.logger.notice("The database answers again", metadata: ["after": "\(since.duration(to: now))"])
    }
}
