import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage
import Store
import Synchronization

@testable import Proof

/// The in-memory store.
final class MemorySubject: ContractSubject {
    let memory: MemoryStore
    private let kept = Mutex<[OutboxRow]>([])

    var store: any WorkerStore { memory }

    init(bug: PlantedBug? = nil) {
        let beginning = Timestamp(microseconds: 1_750_000_000_000_000)
        memory = MemoryStore(MemoryState(settings: Settings(buckets: 2), now: beginning, seed: 1, bug: bug))
    }

    func deploy(_ name: String, _ definition: String) async throws {
        let parsed = Definition(parsing: definition)
        guard let machine = parsed.machine else { throw StoreError.invalidDefinition(parsed.diagnostics) }
        let revision = Revision(
            id: 1,
            machineID: 1,
            machineName: name,
            machineARN: memory.settings.stateMachineARN(name),
            number: 1,
            roleARN: nil,
            machine: machine
        )
        try memory.withState { $0.deploy(revision) }
    }

    func open(_ machine: String, _ name: String, _ input: String) async throws -> Bool {
        let input = JSONDocument(try JSONValue(parsing: input))
        let opened = try memory.withState { (state) throws(StoreError) in
            try state.open(machine: machine, name: name, input: input)
        }
        guard opened.outcome != .conflict else { throw StoreError.executionAlreadyExists(arn: opened.arn) }
        return opened.outcome == .started
    }

    func stop(_ machine: String, _ name: String) async throws {
        try memory.withState { (state) throws(StoreError) in try state.stop(machine: machine, name: name) }
    }

    func answer(_ token: String, _ output: String) async throws {
        let output = JSONDocument(try JSONValue(parsing: output))
        try memory.withState { (state) throws(StoreError) in try state.answerTask(token, .success(output)) }
    }

    func execution(_ machine: String, _ name: String) async throws -> ContractExecution {
        try memory.withState { (state) throws(StoreError) in
            let arn = state.settings.executionARN(machine: machine, execution: name)
            guard let id = state.ids[arn], let row = state.executions[id] else { throw .executionDoesNotExist(arn) }
            var events = [ContractExecution.Event(id: 1, previous: 0, type: "ExecutionStarted")]
            for transition in (state.history[id] ?? []).sorted(by: { $0.first < $1.first }) {
                for (place, event) in transition.events.enumerated() {
                    let previous = StepRow.id(event.previous.recorded(from: transition.first))
                    events.append(.init(id: transition.first + place, previous: previous, type: event.type.rawValue))
                }
            }
            return ContractExecution(
                status: row.status,
                output: row.output?.text,
                error: row.error,
                events: events
            )
        }
    }

    func leftovers() async throws -> Int {
        try memory.withState { $0.steps.count + $0.heads.count + $0.results.count + $0.outbox.count + $0.answers.count }
    }

    func letTimePass(_ duration: Duration) async throws {
        try memory.withState { $0.now = $0.later(duration) }
    }

    func keepMessages() async throws {
        kept.withLock { [memory] kept in kept = (try? memory.withState { $0.outbox }) ?? [] }
    }

    func repeatMessages() async throws {
        let kept = kept.withLock(\.self)
        try memory.withState { state in
            let there = Set(state.outbox.map(\.id))
            state.outbox += kept.filter { !there.contains($0.id) }
        }
    }
}
