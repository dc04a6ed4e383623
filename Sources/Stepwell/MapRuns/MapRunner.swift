import Expressions
import Interpreter
import Items
import JSON
import Logging
import Postgres
import StatesLanguage
import Store
import Synchronization

/// Carries a map run on while its step is in hand: reads the items, starts children, and ends the run.
struct MapRunner {
    /// What a look came to.
    enum End {
        /// The run has ended.
        case outcome(Outcome)
        /// The step rests until then.
        case resting(until: Timestamp)
        /// The step is not this worker's any more.
        case lost
        /// The worker stops.
        case stopping
    }

    /// Children that exist at once, whatever `MaxConcurrency` says.
    private static let openLimit = 10_000
    /// Children that are started in one go, and bytes of their inputs.
    private static let pageSize = 1000
    private static let pageBytes = 4 << 20
    /// How long one look may go on starting.
    private static let longestTurn: Duration = .seconds(1)

    let engine: Engine
    let revision: Revision
    let interpreter: Interpreter
    let branch: Branch
    let run: HeldMapRun
    let request: MapRun
    private let map: DistributedMap

    /// nil: the branch is not in a distributed Map.
    init?(engine: Engine, revision: Revision, interpreter: Interpreter, branch: Branch, lease: StepLease) {
        guard let request = branch.taskInput.flatMap(MapRun.init), let id = PGUUID(request.id),
            case .map(let map)? = revision.machine.states[branch.state]?.kind, let distributed = map.distributed
        else { return nil }
        self.engine = engine
        self.revision = revision
        self.interpreter = interpreter
        self.branch = branch
        self.request = request
        self.map = distributed
        run = HeldMapRun(lease: lease, id: id)
    }

    /// Looks how far the run is and does what can be done.
    func look() async throws(StoreError) -> End {
        let opened = try await engine.facilities.postgres.openMapRun(
            run,
            request,
            label: map.label,
            machine: revision.machineID
        )
        guard var record = opened else { return .lost }
        if record.status != .running { return try await conclude(record) }
        if record.isRedriving {
            try await engine.facilities.postgres.markRedrive(of: run, redrive: record.redriveCount)
        }
        if record.itemTotal == nil {
            guard try await engine.facilities.postgres.mayBegin(run, startedAt: record.startedAt) else {
                return try await rest(record, progress: 0)
            }
            if map.readsObjects, try await leaveToOthers() { return .lost }
            let (total, end) = try await ingest()
            if let end { return end }
            record.itemTotal = total
        }
        return try await goOn(&record)
    }

    private func ingest() async throws(StoreError) -> (total: Int?, end: End?) {
        var ingestion = ItemIngestion(
            engine: engine,
            interpreter: interpreter,
            branch: branch,
            request: request,
            reader: map.reader,
            run: run
        )
        do throws(ItemSink.Interruption) {
            return (try await ingestion.run(), nil)
        } catch {
            switch error {
            case .failed(let failure): return (nil, try await fail(failure, children: 0))
            case .lost, .enough: return (nil, .lost)
            case .stopping: return (nil, .stopping)
            case .store(let error): throw error
            }
        }
    }

    private func goOn(_ record: inout MapRunRecord) async throws(StoreError) -> End {
        let turn = ContinuousClock.now.advanced(by: Self.longestTurn)
        let total = record.itemTotal ?? 0
        while true {
            let (executions, items) = try await engine.facilities.postgres.mapRunCounts(run.id)
            if record.tolerance.isExceeded(by: items.failed + items.timedOut, of: record.itemTotal) {
                return try await fail(.tooManyFailures, children: max(record.nextChild, executions.started), record)
            }
            if record.isRedriving, executions.pendingRedrive == 0 {
                try await engine.facilities.postgres.endRedrive(of: run)
                record.isRedriving = false
            }
            if record.nextItem >= total, executions.ended >= record.nextChild {
                return try await succeed(children: record.nextChild)
            }
            let limit = min(record.maxConcurrency ?? Self.openLimit, Self.openLimit)
            var room = min(limit - executions.running, Self.pageSize)
            if record.isRedriving, room > 0 { room -= try await redrive(room) }
            var started = 0
            if room > 0, record.nextItem < total {
                switch try await startPage(&record, room: room, total: total) {
                case .success(let count?): started = count
                case .success(nil): return .lost
                case .failure(let failure):
                    return try await fail(failure, children: max(record.nextChild, executions.started), record)
                }
            }
            let mayStartMore = started == Self.pageSize && record.nextItem < total
            guard mayStartMore, .now < turn, !engine.isWindingDown else {
                let progress = executions.started + started + executions.ended - executions.pendingRedrive
                return try await rest(record, progress: progress)
            }
            let isHeld = try await engine.facilities.postgres.moveMapRun(
                run,
                nextItem: record.nextItem,
                nextChild: record.nextChild
            )
            guard isHeld else { return .lost }
        }
    }

    private func rest(_ record: MapRunRecord, progress: Int) async throws(StoreError) -> End {
        guard engine.held(of: run.lease.key).steps.withLock({ $0.beginWriting(run.lease) }) else { return .lost }
        let until = try await engine.facilities.postgres.restMapRun(
            run,
            nextItem: record.nextItem,
            nextChild: record.nextChild,
            progress: progress
        )
        return until.map(End.resting) ?? .lost
    }

    // MARK: Children

    /// Redrives the next children that are to be.
    ///
    /// - Returns: how many run now.
    private func redrive(_ room: Int) async throws(StoreError) -> Int {
        let count = try await engine.facilities.postgres.redriveMapRunChildren(
            of: run,
            limit: room,
            state: branch.state,
            revision: revision,
            traceHeader: interpreter.execution.traceHeader
        )
        if count > 0 { engine.startedEverywhere() }
        return count
    }

    /// Starts the next children.
    ///
    /// - Returns: how many; nil: the run takes no more, because its Map is gone.
    private func startPage(
        _ record: inout MapRunRecord,
        room: Int,
        total: Int
    ) async throws(StoreError) -> Result<Int?, MapRunFailure> {
        var batches = ItemBatches(request, payloadBytes: engine.limits.payloadBytes)
        var children: [ItemBatches.Child] = []
        var (next, bytes) = (record.nextItem, 0)
        var random = SystemRandomNumberGenerator()
        reading: while next < total, bytes < Self.pageBytes {
            let wanted = (room - children.count).multipliedReportingOverflow(by: request.maxItemsPerBatch ?? 1)
            let limit = wanted.overflow ? Int.max : wanted.partialValue
            let items = try await engine.facilities.postgres.mapRunItems(run, from: next, limit: limit)
            guard !items.isEmpty else { throw .corrupt("map run \(run.id) lacks its item \(next)") }
            let selected: [JSONDocument]
            switch interpreter.selectItems(items, of: branch, random: &random) {
            case .success(let documents): selected = documents
            case .failure(let failure): return .failure(failure)
            }
            next += items.count
            for document in selected {
                guard let child = batches.add(document) else { continue }
                bytes += child.input.byteCount
                children.append(child)
                if children.count == room { break reading }
            }
        }
        if next >= total, children.count < room, let last = batches.finish() { children.append(last) }
        guard children.allSatisfy({ $0.input.fits(engine.limits.payloadBytes) }) else {
            return .failure(.inputTooLarge(state: branch.state))
        }
        guard !children.isEmpty else { return .success(0) }
        let started = try await engine.facilities.postgres.startMapRunChildren(
            children,
            of: run,
            first: record.nextChild,
            state: branch.state,
            revision: revision,
            traceHeader: interpreter.execution.traceHeader,
            now: engine.databaseTime()
        )
        guard started != nil else { return .success(nil) }
        record.nextItem += children.reduce(0) { $0 + $1.count }
        record.nextChild += children.count
        engine.startedEverywhere()
        return .success(children.count)
    }

    // MARK: The end

    private func succeed(children: Int) async throws(StoreError) -> End {
        switch try await results(children: children, pending: nil) {
        case .failed(let failure): return try await close(.failed, failure: failure, written: 0)
        case .gathered(let results): return try await close(.succeeded, results: results)
        case .interrupted(let end): return end
        }
    }

    /// The run fails: children that still run are aborted.
    ///
    /// - Parameter record: nil: no child has been started.
    private func fail(
        _ failure: MapRunFailure,
        children: Int,
        _ record: MapRunRecord? = nil
    ) async throws(StoreError) -> End {
        engine.hints.tell(try await engine.facilities.postgres.abortMapRunChildren(run.id))
        var written = 0
        if let record, request.writerParameters != nil {
            let pending = record.nextItem..<max(record.nextItem, record.itemTotal ?? 0)
            // What the results say is worth less than why the run failed.
            switch try await results(children: children, pending: pending) {
            case .gathered(let results): written = results.written
            case .failed: break
            case .interrupted(let end): return end
            }
        }
        return try await close(.failed, failure: failure, written: written)
    }

    private func close(_ status: MapRunStatus, results: MapRunResults.Gathered) async throws(StoreError) -> End {
        try await engine.facilities.postgres.forgetMapRunItems(bucket: run.lease.key.bucket, run: run.id)
        let isHeld = try await engine.facilities.postgres.closeMapRun(
            run,
            status,
            failure: nil,
            resultsWritten: results.written
        )
        return isHeld ? .outcome(.succeeded(results.output)) : .lost
    }

    private func close(_ status: MapRunStatus, failure: MapRunFailure, written: Int) async throws(StoreError) -> End {
        try await engine.facilities.postgres.forgetMapRunItems(bucket: run.lease.key.bucket, run: run.id)
        let isHeld = try await engine.facilities.postgres.closeMapRun(
            run,
            status,
            failure: failure,
            resultsWritten: written
        )
        return isHeld ? .outcome(.failed(error: failure.error, cause: failure.cause)) : .lost
    }

    /// The run was closed by a worker that did not come to record it.
    private func conclude(_ record: MapRunRecord) async throws(StoreError) -> End {
        switch record.status {
        case .running, .aborted: return .lost
        case .failed:
            let failure = record.failure ?? .tooManyFailures
            return .outcome(.failed(error: failure.error, cause: failure.cause))
        case .succeeded:
            switch try await results(children: record.nextChild, pending: nil) {
            case .gathered(let results): return .outcome(.succeeded(results.output))
            case .failed(let failure): return .outcome(.failed(error: failure.error, cause: failure.cause))
            case .interrupted(let end): return end
            }
        }
    }

    private enum Results {
        case gathered(MapRunResults.Gathered)
        case failed(MapRunFailure)
        /// The export goes on elsewhere.
        case interrupted(End)
    }

    private func results(children: Int, pending: Range<Int>?) async throws(StoreError) -> Results {
        if request.writerParameters != nil, try await leaveToOthers() { return .interrupted(.lost) }
        let results = MapRunResults(engine: engine, run: run, request: request, writer: map.writer, state: branch.state)
        switch try await results.gather(children: children, pending: pending) {
        case .success(let gathered): return .gathered(gathered)
        case .failure where engine.isStopping: return .interrupted(.stopping)
        case .failure(let failure): return .failed(failure)
        }
    }

    /// Where this worker has no object storage and others have, or had a day ago, they go on.
    ///
    /// - Returns: whether the step is out of hand.
    private func leaveToOthers() async throws(StoreError) -> Bool {
        let offer = ServiceIntegration.storageOffer
        guard engine.facilities.storage == nil, try await engine.store.offeredServices().contains(offer) else {
            return false
        }
        guard engine.held(of: run.lease.key).steps.withLock({ $0.beginWriting(run.lease) }) else { return true }
        try await engine.facilities.postgres.leaveMapRun(run, to: offer)
        engine.hints.work(in: run.lease.key.bucket)
        return true
    }
}
