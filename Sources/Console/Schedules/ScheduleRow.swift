import Expressions
import Schedules
import Server
import Store

/// A schedule, as lists show it.
struct ScheduleRow {
    let address: String
    let name: String
    let state: String
    let tone: String
    let next: Moment?
    let expression: String
    let zone: String
    let target: String
    let targetAddress: String
    let overlap: String
    let buffered: Int?
    let last: String?

    init(_ schedule: Schedule, _ texts: Texts) {
        let settings = schedule.settings
        address = Address.of(["schedules", schedule.name])
        name = schedule.name
        let state = !settings.isEnabled ? "paused" : schedule.nextDue == nil ? "over" : "enabled"
        self.state = texts("schedules.\(state)")
        tone = state == "enabled" ? "succeeded" : state == "paused" ? "timed-out" : "aborted"
        next = schedule.nextDue.map { Moment($0) }
        expression = settings.expression
        zone = settings.timeZone
        target = settings.target.name
        targetAddress = settings.target.address
        overlap = texts("overlap.\(settings.overlap.rawValue)")
        buffered = schedule.bufferedCount == 0 ? nil : schedule.bufferedCount
        last = schedule.lastExecution.flatMap(ExecutionRow.address(arn:))
    }
}

extension ExecutionRow {
    /// The page of an execution.
    static func address(arn: String) -> String? {
        Settings.executionNames(arn).map { address(machine: $0.machine, name: $0.execution) }
    }
}

extension ScheduleTarget {
    var name: String {
        switch self {
        case .stateMachine(let text): text
        case .function(let name): name
        }
    }

    var address: String {
        switch self {
        case .stateMachine(let text): Address.of(["machines", Settings.machineName(text)])
        case .function(let name): Address.of(["functions", name])
        }
    }

    /// What is done when it is started, and to what: whoever has a schedule do it needs the right to do it.
    var action: (service: String, action: String, subject: String) {
        switch self {
        case .stateMachine(let text): ("states", "StartExecution", Settings.machineName(text))
        case .function(let name): ("lambda", "InvokeFunction", name)
        }
    }
}

extension Timing {
    /// Times one after the other, beginning with one that is due.
    func times(from first: Timestamp?, since base: Timestamp, _ count: Int) -> [Timestamp] {
        var times: [Timestamp] = []
        var next = first
        while let time = next, times.count < count {
            times.append(time)
            next = self.next(after: time, since: base)
        }
        return times
    }
}
