import Proof
import Synchronization

/// Keeps the first violation that it hears of.
final class FirstViolation: Sendable {
    private let violation = Mutex<String?>(nil)

    var text: String { violation.withLock { $0 ?? "" } }

    func note(_ report: ProtocolSimulation.Report) {
        guard let first = report.violations.first else { return }
        violation.withLock { $0 = $0 ?? "seed \(report.seed): \(first)" }
    }
}
