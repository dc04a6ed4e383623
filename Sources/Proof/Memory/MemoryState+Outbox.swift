import Expressions
import Interpreter
import JSON
import Postgres
import Store

extension MemoryState {
    /// A step asks for an execution.
    mutating func ask(for child: ChildStart, from row: StepRow, _ change: StepChange) {
        guard let message = try? change.outbox.map({ try JSONValue(parsing: $0) }),
            let id = message["id"]?.string.flatMap(PGUUID.init), !outbox.contains(where: { $0.id == id })
        else { return }
        outbox.append(
            OutboxRow(
                id: id,
                bucket: row.key.bucket,
                kind: .start(
                    machine: child.stateMachine,
                    name: message["name"]?.string ?? "",
                    isAwaited: child.isAwaited
                ),
                step: row.key,
                event: StepRow.id(row.branch.scheduledEvent),
                runAt: now
            )
        )
    }

    /// Takes messages up: they are hidden from others for a while; if the one who has them dies, they show again.
    mutating func takeMessages(bucket: Int32, limit: Int) -> [OutboxRow] {
        let due = outbox.filter { $0.bucket == bucket && $0.runAt <= now }
            .sorted { ($0.runAt, $0.id) < ($1.runAt, $1.id) }
            .prefix(limit)
        for message in due { putOff(message.id, until: later(.seconds(10))) }
        if bug == .messageForgottenFirst { for message in due { forget(message.id) } }
        return Array(due)
    }

    mutating func putOff(_ message: PGUUID, until time: Timestamp) {
        for place in outbox.indices where outbox[place].id == message { outbox[place].runAt = time }
    }

    mutating func forget(_ message: PGUUID) { outbox.removeAll { $0.id == message } }

    /// What the child of a step is started with; nil: the step is past it.
    func childInput(_ message: OutboxRow) -> JSONDocument? {
        guard let row = steps[message.step], StepRow.id(row.branch.scheduledEvent) == message.event,
            row.branch.phase == .starting
        else { return nil }
        return row.branch.taskInput ?? JSONDocument(.object([:]))
    }

    enum Delivery: Sendable {
        case taken
        /// The step still expects something else first.
        case early
        case gone
    }

    /// Hands a waiting step the answer it waits for: a child's start or its end.
    mutating func deliver(_ outcome: Outcome, to message: OutboxRow, phase: Branch.Phase) -> Delivery {
        guard heads[message.step.execution] != nil, var row = steps[message.step] else { return .gone }
        if bug != .deliversTwice {
            guard StepRow.id(row.branch.scheduledEvent) == message.event,
                [.starting, .submitted].contains(row.branch.phase)
            else { return .gone }
            if row.branch.phase != phase, phase == .submitted { return .early }
            guard row.branch.phase == phase, row.status == .waiting else { return .gone }
        }
        row.becomeReady(at: now, function: "")
        row.outcome = outcome
        steps[message.step] = row
        return .taken
    }

    /// How a child ended, as its parent sees it.
    func outcome(ofChild id: PGUUID) -> Outcome? {
        guard let child = executions[id] else { return nil }
        var members: JSONObject = [
            "ExecutionArn": .string(settings.executionARN(machine: child.revision.machineName, execution: child.name)),
            "Name": .string(child.name), "Status": .string(child.status.rawValue), "Input": .string(child.input.text),
        ]
        if let output = child.output { members["Output"] = .string(output.text) }
        let text = JSONDocument(.object(members))
        return child.status == .succeeded ? .succeeded(text) : .failed(error: "States.TaskFailed", cause: text.text)
    }

    mutating func stopChildren(of execution: PGUUID, bucket: Int32) {
        outbox.append(
            OutboxRow(
                id: PGUUID.v7(microseconds: now.microseconds, using: &random),
                bucket: bucket,
                kind: .stop,
                step: StepKey(bucket: bucket, execution: execution, id: 0),
                event: 0,
                runAt: now
            )
        )
    }

    /// Executions that run for steps which wait no more.
    func orphans(of parent: PGUUID) -> [PGUUID] {
        executions.values
            .filter { child in
                guard child.status == .running, let asked = child.parent, asked.key.execution == parent else {
                    return false
                }
                return steps[asked.key].map { StepRow.id($0.branch.scheduledEvent) != asked.event } ?? true
            }
            .map(\.id).sorted()
    }
}
