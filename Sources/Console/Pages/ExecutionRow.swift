import Expressions
import Store

/// Executions, as every list shows them.
struct ExecutionTable {
    let rows: [ExecutionRow]

    /// - Parameter saysMachine: whether the list is of more than one state machine.
    init(_ executions: [ExecutionSummary], now: Timestamp, _ texts: Texts, saysMachine: Bool = true) {
        rows = executions.map { ExecutionRow($0, now: now, texts, saysMachine: saysMachine) }
    }
}

/// An execution in a list.
struct ExecutionRow {
    let address: String
    let arn: String
    let name: String
    /// nil: the list says it.
    let machine: String?
    let machineAddress: String
    let status: String
    let tone: String
    let started: Moment
    let took: String
    let redrives: Int?
    let error: String?

    init(_ execution: ExecutionSummary, now: Timestamp, _ texts: Texts, saysMachine: Bool = true) {
        address = Self.address(machine: execution.stateMachine, name: execution.name)
        arn = execution.arn
        name = execution.name
        machine = saysMachine ? execution.stateMachine : nil
        machineAddress = Address.of(["machines", Self.owner(of: execution.stateMachine)])
        status = texts(execution.status)
        tone = execution.status.tone
        started = Moment(execution.startedAt)
        took = texts.duration(from: execution.startedAt, to: execution.stoppedAt ?? now)
        redrives = execution.redriveCount == 0 ? nil : execution.redriveCount
        error = execution.error
    }

    /// - Parameter machine: with the label of a Map, where it is a child of one.
    static func address(machine: String, name: String) -> String { Address.of(["executions", machine, name]) }

    /// The state machine, without the label of a Map.
    static func owner(of machine: String) -> String { String(machine.prefix { $0 != "/" }) }
}

extension ExecutionStatus {
    /// The class that gives it its colour.
    var tone: String {
        switch self {
        case .running: "running"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .timedOut: "timed-out"
        case .aborted: "aborted"
        case .pendingRedrive: "waiting"
        }
    }
}

extension Texts {
    func callAsFunction(_ status: ExecutionStatus) -> String { self("status.\(status.rawValue)") }
}
