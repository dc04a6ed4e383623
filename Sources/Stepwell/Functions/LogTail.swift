import Synchronization

/// The end of what a call has printed, as far back as Lambda shows it.
package final class LogTail: Sendable {
    /// (Lambda's Invoke, LogType: the last 4 KB.)
    package static let limit = 4096

    private let bytes = Mutex<[UInt8]>([])

    package init() {}

    package func append(_ more: some Collection<UInt8>) {
        bytes.withLock { bytes in
            bytes += more.suffix(Self.limit)
            if bytes.count > Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
        }
    }

    /// What is no UTF-8, such as half of a first character, is replaced.
    package var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
