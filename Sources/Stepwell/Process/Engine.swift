import Expressions
import Interpreter
import Logging
import Postgres
import Store
import Synchronization

/// What the parts of a running worker share.
final class Engine: Sendable {
    /// How long a chain of states may stay with one worker while others wait for a slot.
    static let longestTurn: Duration = .seconds(1)

    let store: any WorkerStore
    let surroundings: any Surroundings
    let facilities: WorkerFacilities
    let functions: [String: Function]
    let configuration: WorkerConfiguration
    let record: WorkerRecord
    let logger: Logger
    /// By bucket: what works on one bucket's steps shares no memory with the others.
    let held: [HeldBucket]
    let capacity: Mutex<Capacity>
    let claimBox: Mailbox<ClaimLetters>
    /// Where whoever waits for the worker's end sleeps: a mailbox has room for one.
    let endBox: Mailbox<Void>
    let keeperBox: Mailbox<KeeperLetters>
    let janitorBox: Mailbox<OtherWork>
    /// Somebody waits for a function that this worker does not offer.
    let adoptionBox: Mailbox<Bool>
    /// A schedule was made or changed.
    let scheduleBox: Mailbox<Void>
    /// Executions of map runs have ended here.
    let childBox: Mailbox<EndedChildren>
    let hints: HintSender
    let metrics: WorkerMetrics
    /// Calls of express executions that wait for a permit.
    let permits = PermitQueue()
    private let committers: [Committer]
    /// By bucket, like the committers.
    let fairPlaces: [FairPlaces]
    /// What versions and aliases of functions mean.
    let directory: FunctionDirectory
    private let arnPrefix: String
    private let functionARNs: [String: String]
    private let clock: Mutex<DatabaseClock>
    /// Request ids count on from here: unique without asking the system for random bits at every call.
    private let firstRequestID: PGUUID
    private let requestCount = Atomic<UInt64>(0)
    private let isStoppingFlag = Atomic(false)
    private let isExclusiveFlag = Atomic(false)
    private let hasStoppedClaiming = Atomic(false)
    private let lastLookAt: Mutex<ContinuousClock.Instant>

    init(
        store: any WorkerStore,
        facilities: WorkerFacilities,
        functions: [String: Function],
        configuration: WorkerConfiguration,
        record: WorkerRecord,
        surroundings: any Surroundings = ProcessSurroundings()
    ) {
        self.store = store
        self.surroundings = surroundings
        self.facilities = facilities
        self.functions = functions
        self.configuration = configuration
        self.record = record
        metrics = WorkerMetrics(worker: record.name)
        logger = configuration.logger
        held = (0..<store.settings.buckets).map { _ in HeldBucket(leaseDuration: configuration.lease) }
        claimBox = Mailbox(ClaimLetters(), surroundings: surroundings)
        endBox = Mailbox((), surroundings: surroundings)
        keeperBox = Mailbox(KeeperLetters(), surroundings: surroundings, isPunctual: true)
        janitorBox = Mailbox(OtherWork(), surroundings: surroundings)
        adoptionBox = Mailbox(false, surroundings: surroundings)
        scheduleBox = Mailbox((), surroundings: surroundings)
        childBox = Mailbox(EndedChildren(), surroundings: surroundings)
        clock = Mutex(DatabaseClock(now: surroundings.now))
        lastLookAt = Mutex(surroundings.now)
        firstRequestID = PGUUID(high: surroundings.randomBits(), low: surroundings.randomBits())
        capacity = Mutex(
            Capacity(
                slots: configuration.concurrency,
                functions: functions.values.sorted { $0.name < $1.name },
                services: facilities.services.offers.sorted()
            )
        )
        let hints = HintSender(store: store, worker: record.instance, surroundings: surroundings)
        self.hints = hints
        let prefix = "arn:aws:lambda:\(store.settings.region):\(store.settings.account):function:"
        arnPrefix = prefix
        functionARNs = functions.mapValues { prefix + $0.name }
        directory = FunctionDirectory(store: facilities.postgres, surroundings: surroundings)
        #if FAULTS
            let isRedoing = surroundings.bug == .redoesRefused
            let database = WorkerDatabase(
                store: store,
                worker: record.instance,
                hints: hints,
                metrics: metrics,
                isRedoing: isRedoing
            )
        #else
            let database = WorkerDatabase(store: store, worker: record.instance, hints: hints, metrics: metrics)
        #endif
        fairPlaces = (0..<store.settings.buckets).map { FairPlaces(store: facilities.postgres, bucket: $0) }
        committers = (0..<store.settings.buckets)
            .map {
                Committer(
                    bucket: $0,
                    database: database,
                    lease: configuration.lease,
                    logger: configuration.logger,
                    surroundings: surroundings
                )
            }
    }

    var limits: Limits { store.limits }

    var services: ServiceCalls { facilities.services }

    /// The ARN by which a function is called: with the qualifier that the Task names, not with what that means.
    func arn(of call: FunctionCall) -> String {
        guard let qualifier = call.qualifier else { return functionARNs[call.function] ?? "" }
        return "\(arnPrefix)\(call.function.prefix { $0 != ":" }):\(qualifier)"
    }

    /// A function that this worker can call: one of its own, or one that Lambda's endpoint offers and no worker does.
    func function(named name: String) -> Function? {
        if let function = functions[name] { return function }
        guard let lambda = services.lambda else { return nil }
        guard capacity.withLock({ $0.adoptedFunctions.contains(name) }) else {
            adoptionBox.post { $0 = true }
            return nil
        }
        return lambda.function(named: name)
    }

    // MARK: Time

    func observe(_ time: Timestamp) {
        clock.withLock { $0.observe(time, at: surroundings.now) }
    }

    /// The database's time, as far as is known.
    func databaseTime() -> Timestamp {
        #if FAULTS
            if surroundings.bug == .workerClockForTimers { return surroundings.wallClock }
        #endif
        return clock.withLock { $0.time(at: surroundings.now) } ?? Timestamp(microseconds: 0)
    }

    /// The database's time, but never before what has happened to a branch.
    func time(for branch: Branch) -> Timestamp {
        max(databaseTime(), branch.events.last?.timestamp ?? branch.enteredAt)
    }

    func instant(of time: Timestamp, now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        clock.withLock { $0.instant(of: time, now: now) }
    }

    /// The id of another call of a handler, a version 7 UUID.
    func nextRequestID() -> PGUUID {
        let count = requestCount.wrappingAdd(1, ordering: .relaxed).newValue
        let milliseconds = UInt64(max(0, databaseTime().microseconds)) / 1000
        return PGUUID(
            high: milliseconds << 16 | 0x7000 | (firstRequestID.high & 0x0FFF),
            low: 0x8000_0000_0000_0000 | ((firstRequestID.low &+ count) & 0x3FFF_FFFF_FFFF_FFFF)
        )
    }

    /// When the claiming loop last went round.
    var lastLook: ContinuousClock.Instant { lastLookAt.withLock(\.self) }

    func looked() {
        let now = surroundings.now
        lastLookAt.withLock { $0 = now }
    }

    // MARK: Coming to an end

    var isStopping: Bool { isStoppingFlag.load(ordering: .relaxed) }

    /// Whether steps are to be handed over rather than gone on with.
    var isWindingDown: Bool { isStopping || isExclusive }

    /// Whether a suspect runs, or waits until nothing else does.
    var isExclusive: Bool { isExclusiveFlag.load(ordering: .relaxed) }

    var isFull: Bool { capacity.withLock(\.room) == 0 }

    /// From now on nothing is claimed.
    func stop() {
        isStoppingFlag.store(true, ordering: .relaxed)
        claimBox.post { _ in }
        if services.storage != nil { Task { await services.closeStorage() } }
    }

    func setExclusive(_ isExclusive: Bool) {
        isExclusiveFlag.store(isExclusive, ordering: .relaxed)
    }

    /// The claim loop is over.
    func claimingEnded() {
        hasStoppedClaiming.store(true, ordering: .relaxed)
        endBox.post { _ in }
    }

    /// Whether nothing is in hand and nothing will be.
    var hasEnded: Bool {
        hasStoppedClaiming.load(ordering: .relaxed) && capacity.withLock(\.stepCount) == 0
    }

    /// Cancels what runs, to be given back, and stops waiting for a database that is away.
    func cutOff() {
        for bucket in held {
            for invocation in bucket.steps.withLock(\.invocations) { invocation.end(.shutDown) }
        }
        for committer in committers { committer.giveUp() }
    }

    // MARK: What others say

    /// There may be something to claim in a bucket.
    func mayHaveWork(in bucket: Int32) {
        guard (0..<store.settings.buckets).contains(bucket) else { return }
        claimBox.post { $0.hinted.insert(bucket) }
    }

    /// Some leases of this process may be gone.
    func leasesMayBeGone() {
        keeperBox.post { $0.checksAll = true }
    }

    /// Nobody could say anything for a while.
    func hintsMayBeLost() {
        claimBox.post { $0.mayHaveMissed = true }
        leasesMayBeGone()
    }

    // MARK: Steps

    func committer(of key: StepKey) -> Committer { committers[Int(key.bucket)] }

    func held(of key: StepKey) -> HeldBucket { held[Int(key.bucket)] }

    /// Starts to count a handler's time.
    ///
    /// - Returns: whether the step is still this worker's.
    func begin(_ lease: StepLease, _ invocation: Invocation, deadline: HeldSteps.Deadline?) -> Bool {
        let beginning = held(of: lease.key).steps
            .withLock { $0.begin(lease, invocation, deadline: deadline, now: surroundings.now) }
        if beginning == .begun(isUrgent: true) { keeperBox.post { _ in } }
        return beginning != .refused
    }

    /// Others go on with a step: those who can should know.
    func handedOver(_ next: Decision.Next, of key: StepKey) {
        let bucket = key.bucket
        if case .fork = next { CrashPoint.forked.pass() }
        switch next {
        case .pause(let time, _):
            CrashPoint.timerSet.pass()
            claimBox.post { $0.nextDue = min($0.nextDue ?? time, time) }
        case .invoke, .request, .proceed, .fork, .runMap:
            claimBox.post { $0.hinted.insert(bucket) }
            hints.work(in: bucket)
        case .endBranch:
            claimBox.post { $0.hinted.insert(bucket) }
        case .failBranch:
            claimBox.post { $0.hinted.insert(bucket) }
            checkSiblings(of: key)
        case .startExecution:
            janitorBox.post { $0.outboxes.insert(bucket) }
        case .endExecution(.timedOut):
            checkSiblings(of: key)
        case .awaitAnswer(.taskToken):
            janitorBox.post { $0.answers.insert(bucket) }
        case .awaitAnswer(.activity(let name)):
            janitorBox.post { $0.activities[name, default: 0] += 1 }
        case .awaitAnswer(.execution), .endExecution:
            break
        }
    }

    /// Children of a map run have been started in all buckets.
    func startedEverywhere() {
        let buckets = 0..<store.settings.buckets
        claimBox.post { $0.hinted.formUnion(buckets) }
        for bucket in buckets { hints.work(in: bucket) }
    }

    /// Branches of an execution are gone: the executions that they waited for are stopped.
    func stopChildren(of key: StepKey) {
        janitorBox.post { $0.parents.insert(StepKey(bucket: key.bucket, execution: key.execution, id: 0)) }
    }

    /// Other branches of the execution are gone: handlers of this process that work on them should know.
    private func checkSiblings(of key: StepKey) {
        held(of: key).steps.withLock { $0.check(key.execution, now: surroundings.now) }
        keeperBox.post { _ in }
    }

    /// A step is out of hand.
    func finished(_ lease: StepLease, permit: String?) {
        held(of: lease.key).steps.withLock { $0.remove(lease) }
        let isNews = capacity.withLock { capacity in
            capacity.finished()
            if let permit { capacity.givePermit(permit) }
            return permit != nil || capacity.isWorthClaiming || capacity.room == 1
        }
        if let permit { permits.tell(permit) }
        if isNews || isWindingDown { claimBox.post { $0.hasFinished = true } }
        if isStopping { endBox.post { _ in } }
    }

    func givePermit(_ function: String) {
        capacity.withLock { $0.givePermit(function) }
        permits.tell(function)
        claimBox.post { $0.hasFinished = true }
    }

    /// Waits until one more call of a function may run.
    ///
    /// - Returns: false: the task was cancelled.
    func takePermit(_ function: String) async -> Bool {
        func take() -> Bool { capacity.withLock { $0.takePermit(function) } }
        if take() { return true }
        return await permits.wait(for: function, take)
    }

    /// An execution in memory waits for something: its slot is for others, unless too many wait already.
    func lendSlot() -> Bool {
        guard capacity.withLock({ $0.lendSlot() }) else { return false }
        claimBox.post { $0.hasFinished = true }
        return true
    }

    /// An execution in memory goes on, whether there is a slot or not.
    func takeSlot() { capacity.withLock { $0.takeSlot() } }

    /// A call is over although its handler is not.
    func abandon(_ function: String) {
        let count = capacity.withLock { $0.abandon(function) }
        if count == Capacity.abandonedLimit {
            logger.error(
                "Too many handlers ignore their cancellation; the function is not offered until some return",
                metadata: ["function": "\(function)", "count": "\(count)"]
            )
        }
    }

    func returnedLate(_ function: String) {
        capacity.withLock { $0.returnedLate(function) }
        permits.tell(function)
        claimBox.post { $0.hasFinished = true }
    }
}
