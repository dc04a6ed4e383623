import Synchronization

/// Which timeline of each cluster this process has seen last.
///
/// A standby that is promoted begins a new timeline. A server of the same cluster on an older one is a primary that was
/// replaced and has come back: what it is told would be lost, so it is refused. (PostgreSQL's documentation, "Timelines".)
package final class Timelines: Sendable {
    /// What every connection of this process is checked against.
    package static let process = Timelines()

    private let newest = Mutex<[String: UInt32]>([:])

    package init() {}

    /// Takes what a server says of itself; the timeline in hexadecimal digits.
    ///
    /// - Throws: `.connectFailed` if a newer timeline of the same cluster has been seen.
    func admit(cluster: String, timeline: String) throws(PostgresError) {
        guard let timeline = UInt32(timeline, radix: 16) else { return }
        let known = newest.withLock { newest in
            let known = max(newest[cluster] ?? timeline, timeline)
            newest[cluster] = known
            return known
        }
        guard timeline == known else {
            throw PostgresError(
                .connectFailed,
                "this server is a primary that was replaced: it is on timeline \(timeline), and a server on timeline"
                    + " \(known) of the same cluster has been seen; rebuild it as a standby of that one"
            )
        }
    }
}
