import CLibpq
import Logging

/// Owns a connection of libpq and closes it when it is released.
///
/// Sendable, though libpq's connections are not: it is made on the thread that connects, handed over once, and from
/// then on only touched by its one owner. The logger, which the notice receiver uses, is immutable.
final class LibpqHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Whether a pooler answers in the server's place. Known before the connection is handed over.
    var isPooled = false
    private let notices: NoticeLog

    init(_ pointer: OpaquePointer, logger: Logger) {
        self.pointer = pointer
        notices = NoticeLog(logger: logger)
        PQsetNoticeReceiver(
            pointer,
            { log, result in
                guard let log, let result else { return }
                Unmanaged<NoticeLog>.fromOpaque(log).takeUnretainedValue().receive(ServerReport(result))
            },
            Unmanaged.passUnretained(notices).toOpaque()
        )
    }

    deinit { PQfinish(pointer) }

    /// libpq's last message, on one line.
    var lastMessage: String {
        String(cString: PQerrorMessage(pointer)).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

/// Where the server's notices go, rather than to standard error.
private final class NoticeLog: Sendable {
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func receive(_ report: ServerReport) {
        logger.debug(
            "PostgreSQL notice",
            metadata: ["message": "\(report.message)", "sqlstate": "\(report.sqlState)"]
        )
    }
}
