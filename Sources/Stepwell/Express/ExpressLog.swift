import Interpreter
import JSON
import Logging
import Store
import Synchronization

/// The history of an express execution: it goes to the log, as far as the state machine's `loggingConfiguration` says.
final class ExpressLog: Sendable {
    private let execution: ExecutionInfo
    private let logging: ExecutionLogging
    private let logger: Logger
    /// How many events there were; the first is the start.
    private let count = Mutex(1)

    init(step: ClaimedStep, logger: Logger) {
        execution = step.execution
        logging = step.revision.logging
        self.logger = logger
        guard logging.level != .off else { return }
        var details = [HistoryEvent.Detail("input", .payload(step.branch.input))]
        if let role = execution.roleARN { details.append(.init("roleArn", .string(role))) }
        let start = HistoryEvent(
            type: .executionStarted,
            previous: .recorded(0),
            timestamp: execution.startTime,
            details: details
        )
        log(start, id: 1, previous: 0)
    }

    /// Takes out the branch's events and gives them their numbers.
    func record(_ branch: inout Branch) {
        guard !branch.events.isEmpty else { return }
        let events = branch.events
        let first = count.withLock { count in
            defer { count += events.count }
            return count + 1
        }
        branch.recordEvents(from: first)
        guard logging.level != .off else { return }
        for (place, event) in events.enumerated() {
            guard case .recorded(let previous) = event.previous.recorded(from: first) else { continue }
            log(event, id: first + place, previous: previous)
        }
    }

    private func log(_ event: HistoryEvent, id: Int, previous: Int) {
        guard let record = logging.record(event, id: id, previous: previous, of: execution) else { return }
        logger.info("An event of an express execution", metadata: ["event": "\(record.text)"])
    }
}
