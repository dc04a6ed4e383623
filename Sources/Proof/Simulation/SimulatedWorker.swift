import Expressions
import Logging
import Postgres
import Stepwell
import Store

/// A worker of the simulation over all its lives: each is a process of its own under the same name.
final class SimulatedWorker {
    let name: String
    private let world: World
    private let concurrency: Int
    let lease: Duration
    private(set) var process: SimulatedProcess
    private var worker: BareWorker?
    private var instance: PGUUID?
    private var tasks: [Task<Void, Never>] = []

    init(_ name: String, world: World, concurrency: Int, lease: Duration) {
        self.name = name
        self.world = world
        self.concurrency = concurrency
        self.lease = lease
        process = SimulatedProcess(name, scheduler: world.scheduler)
        process.die()
    }

    // MARK: Lives

    /// Starts a process, as an operator or systemd does.
    func begin() {
        guard process.isDead, let configuration = try? configuration else { return }
        let process = SimulatedProcess(
            name,
            scheduler: world.scheduler,
            offset: .seconds(world.scheduler.below(100_000)),
            wallClockError: world.scheduler.below(7201) - 3600
        )
        let instance = PGUUID.v7(microseconds: world.state.now.microseconds, using: &world.scheduler.random)
        process.world = world
        self.process = process
        self.instance = instance
        let link = SimulatedLink(world, process)
        let handlers = SimulatedHandlers(world: world, process: process)
        let record = WorkerRecord(
            host: "host",
            name: name,
            instance: instance,
            pid: 1,
            version: "0",
            functions: handlers.functions.map(\.name),
            slots: concurrency
        )
        let worker = BareWorker(
            store: link,
            facilities: world.facilities,
            functions: handlers.functions,
            configuration: configuration,
            record: record,
            surroundings: process
        )
        self.worker = worker
        world.note("\(name) begins")
        tasks = Self.start(worker, record, link, process)
    }

    private static func start(
        _ worker: BareWorker,
        _ record: WorkerRecord,
        _ link: SimulatedLink,
        _ process: SimulatedProcess
    ) -> [Task<Void, Never>] {
        let claiming = Task(executorPreference: process) {
            guard await register(record, link, process) else { return }
            await worker.claim()
        }
        let maintaining = Task(executorPreference: process) { await worker.maintain() }
        return [claiming, maintaining]
    }

    private var configuration: WorkerConfiguration {
        get throws {
            var configuration = try WorkerConfiguration(environment: [:])
            configuration.concurrency = concurrency
            configuration.lease = lease
            configuration.logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
            return configuration
        }
    }

    /// As a worker does when it starts: whoever had its name is dead, and its steps are free at once.
    private static func register(_ record: WorkerRecord, _ link: SimulatedLink, _ process: SimulatedProcess) async
        -> Bool
    {
        while !process.isDead {
            do throws(StoreError) {
                if let previous = try await link.register(record) { _ = try await link.releaseWorker(previous) }
                return true
            } catch {
                await process.sleep(until: process.now.advanced(by: .milliseconds(100)))
            }
        }
        return false
    }

    // MARK: What happens to it

    func hear(_ notification: MemoryNotification) {
        guard !process.isDead else { return }
        switch notification {
        case .work(let bucket): worker?.mayHaveWork(in: bucket)
        case .leases(let instance): if instance == self.instance { worker?.leasesMayBeGone() }
        }
    }

    func kill() {
        guard !process.isDead else { return }
        world.note("\(name) is killed")
        process.die()
        worker?.forget()
        end()
    }

    private func end() {
        for task in tasks { task.cancel() }
        tasks = []
        worker = nil
    }

    func freeze(for duration: Duration) {
        guard !process.isDead else { return }
        world.note("\(name) stands still for \(duration)")
        process.freeze()
        let process = process
        world.scheduler.after(duration) { process.thaw() }
    }

    /// SIGTERM: what runs is finished, and cut off when it takes too long.
    func stop() {
        guard !process.isDead, let worker else { return }
        world.note("\(name) is told to stop")
        worker.stop()
        let process = process
        world.scheduler.after(.seconds(4)) { if !process.isDead { worker.cutOff() } }
        waitForEnd(of: worker, process, looks: 200)
    }

    private func waitForEnd(of worker: BareWorker, _ process: SimulatedProcess, looks: Int) {
        world.scheduler.after(.milliseconds(50)) { [self] in
            guard !process.isDead else { return }
            guard worker.hasEnded || looks == 0 else { return waitForEnd(of: worker, process, looks: looks - 1) }
            world.note("\(name) has stopped")
            process.die()
            worker.forget()
            end()
        }
    }
}
