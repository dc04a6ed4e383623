#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells systemd how the process is (`Type=notify`, `WatchdogSec=`); silent where there is no systemd.
final class ServiceNotifier: Sendable {
    private let descriptor: Int32
    private let address: UnixAddress?
    /// How often the watchdog wants to hear from the process; nil: there is none.
    let watchdogInterval: Duration?

    /// - Parameter environment: systemd's `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    init(environment: [String: String]) {
        address = environment["NOTIFY_SOCKET"].flatMap { UnixAddress($0) }
        descriptor = address == nil ? -1 : UnixAddress.datagramSocket()
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let period = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        watchdogInterval = isOurs && descriptor >= 0 ? period.map { .microseconds($0 / 2) } : nil
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The worker has asked the database for work and got an answer.
    func ready() { send("READY=1\nSTATUS=Working") }

    /// The worker finishes what it runs and ends.
    func stopping() { send("STOPPING=1\nSTATUS=Finishing what runs") }

    /// The loop that claims work goes round.
    func feedWatchdog() { send("WATCHDOG=1") }

    private func send(_ message: String) {
        guard let address, descriptor >= 0 else { return }
        let bytes = Array(message.utf8)
        // A notification that can't be sent is not worth failing for: systemd draws its own conclusions.
        _ = address.withPointer { sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) }
    }
}
