import Logging
import Synchronization

/// What a function prints: lines of the worker's log, with the call that they belong to.
final class OutputLog: Sendable {
    private let current: Mutex<Logger>

    init(_ logger: Logger) { current = Mutex(logger) }

    var logger: Logger {
        get { current.withLock(\.self) }
        set { current.withLock { $0 = newValue } }
    }

    func add(_ text: String) {
        let logger = logger
        for line in text.split(whereSeparator: \.isNewline) {
            logger.info("Function printed", metadata: ["line": "\(line.prefix(8192))"])
        }
    }
}
