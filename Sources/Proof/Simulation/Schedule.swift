import Expressions
import Interpreter
import JSON
import Postgres
import Store

/// What a seed chooses: who works, what is started, and what goes wrong when.
struct Schedule {
    /// For so long things go wrong.
    private static let trouble: Duration = .seconds(6)
    /// For so long after that everything may take to end: leases run out, waits end, suspects run one after the other.
    private static let patience: Duration = .seconds(120)
    /// More than any schedule needs: whoever runs so many jobs goes round in circles.
    private static let jobLimit = 500_000

    let world: World
    private(set) var faultCount = 0

    init(world: World) { self.world = world }

    private var scheduler: Scheduler { world.scheduler }

    // MARK: Preparing

    mutating func prepare() {
        let isCalm = scheduler.below(8) == 0
        world.network =
            isCalm
            ? SimulatedNetwork(loss: 0, delay: 0)
            : SimulatedNetwork(
                loss: [0, 0.02, 0.08, 0.2][scheduler.below(4)],
                delay: [0, 0.05, 0.2][scheduler.below(3)]
            )
        world.notifies = scheduler.below(4) > 0
        let lease: Duration = .milliseconds(1000 + 500 * scheduler.below(3))
        for number in 0..<(1 + scheduler.below(3)) {
            let worker = SimulatedWorker(
                "w\(number)",
                world: world,
                concurrency: 1 + scheduler.below(4),
                lease: lease
            )
            world.workers.append(worker)
            scheduler.after(scheduler.duration(0...500_000)) { worker.begin() }
        }
        let machines = ProofMachine.all.filter(\.isStarted)
        for number in 0..<(1 + scheduler.below(3)) {
            start(machines[scheduler.below(machines.count)], name: "e\(number)", value: scheduler.below(10))
        }
        if !isCalm { for _ in 0..<(1 + scheduler.below(6)) { addFault() } }
        scheduler.after(Self.trouble) { [world] in world.calmDown() }
    }

    private mutating func start(_ machine: ProofMachine, name: String, value: Int) {
        // Clients that are not sure whether they were heard say it again, and some say it twice from the beginning.
        for _ in 0..<(1 + (scheduler.below(4) == 0 ? 1 : 0)) {
            scheduler.after(scheduler.duration(0...2_000_000)) { [world] in
                world.clientStarts(machine.name, name: name, value: value)
            }
        }
        guard scheduler.below(12) == 0 else { return }
        faultCount += 1
        scheduler.after(scheduler.duration(500_000...5_000_000)) { [world] in
            world.clientStops(machine.name, name: name)
        }
    }

    private mutating func addFault() {
        faultCount += 1
        let worker = world.workers[scheduler.below(world.workers.count)]
        let moment = scheduler.duration(100_000...5_500_000)
        let world = world
        let scheduler = scheduler
        switch scheduler.below(8) {
        case 0, 1:
            let pause = scheduler.duration(0...3_000_000)
            scheduler.after(moment) {
                worker.kill()
                scheduler.after(pause) { worker.begin() }
            }
        case 2, 3:
            let duration = scheduler.duration(200_000...5_000_000)
            scheduler.after(moment) { worker.freeze(for: duration) }
        case 4:
            let pause = scheduler.duration(0...3_000_000)
            scheduler.after(moment) {
                worker.stop()
                scheduler.after(.seconds(16) + pause) { worker.begin() }
            }
        case 5:
            let duration = scheduler.duration(100_000...2_500_000)
            scheduler.after(moment) {
                world.note("the database is away for \(duration)")
                world.awayUntil = max(world.awayUntil, scheduler.elapsed + duration)
            }
        case 6:
            let jump = scheduler.duration(-3_000_000...5_000_000)
            scheduler.after(moment) {
                world.note("the database's clock jumps by \(jump)")
                world.clockJump += jump
            }
        default:
            let loss = world.network.loss
            let duration = scheduler.duration(100_000...2_000_000)
            scheduler.after(moment) {
                world.note("the network is bad for \(duration)")
                world.network.loss = 0.7
                scheduler.after(duration) { if !world.isCalm { world.network.loss = loss } }
            }
        }
    }

    // MARK: Running

    /// - Returns: whether everything has ended in time.
    func run() -> Bool {
        let end = Self.trouble + Self.patience
        _ = scheduler.run { [world, scheduler] in
            guard scheduler.elapsed < end, scheduler.jobCount < Self.jobLimit else { return false }
            return scheduler.elapsed < Self.trouble || scheduler.isBusy || !world.isSettled
        }
        return world.isSettled
    }
}

extension World {
    /// From now on nothing goes wrong, and operators see to it that workers run.
    func calmDown() {
        note("nothing goes wrong from now on")
        isCalm = true
        network = SimulatedNetwork(loss: 0, delay: 0)
        awayUntil = .zero
        for worker in workers {
            worker.process.thaw()
            worker.begin()
        }
    }

    /// A client starts an execution, and says so until it is heard.
    func clientStarts(_ machine: String, name: String, value: Int) {
        let link = SimulatedLink(self, client)
        let input = Reference.input(value)
        Task(executorPreference: client) { [self] in
            while !client.isDead {
                do throws(StoreError) {
                    let opened = try await link.call { (state) throws(StoreError) in
                        try state.open(machine: machine, name: name, input: input)
                    }
                    note("\(name), a \(machine), is started")
                    witness.starts[name, default: []].insert(opened.id)
                    return
                } catch {
                    await client.sleep(until: client.now.advanced(by: .milliseconds(100)))
                }
            }
        }
    }

    /// A client stops an execution.
    func clientStops(_ machine: String, name: String) {
        let link = SimulatedLink(self, client)
        witness.stops.insert(name)
        Task(executorPreference: client) { [self] in
            while !client.isDead {
                do throws(StoreError) {
                    try await link.call { (state) throws(StoreError) in try state.stop(machine: machine, name: name) }
                    note("\(name) is stopped")
                    return
                } catch .executionDoesNotExist {
                    return
                } catch {
                    await client.sleep(until: client.now.advanced(by: .milliseconds(100)))
                }
            }
        }
    }

    /// A number that two schedules only share when the same happened in them.
    var fingerprint: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ number: Int64) { hash = (hash ^ UInt64(bitPattern: number)) &* 0x0000_0100_0000_01B3 }
        add(Int64(scheduler.jobCount))
        for execution in state.executions.values.sorted(by: { $0.id < $1.id }) {
            add(Int64(bitPattern: execution.id.low))
            for row in state.history[execution.id] ?? [] {
                add(Int64(row.first))
                add(row.at.microseconds)
                for event in row.events { for byte in event.type.rawValue.utf8 { add(Int64(byte)) } }
            }
        }
        return hash
    }
}
