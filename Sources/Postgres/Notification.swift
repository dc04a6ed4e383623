import CLibpq

/// What a `NOTIFY` said.
package struct Notification: Sendable, Hashable {
    package let channel: String
    /// Empty if the sender gave none.
    package let payload: String

    package init(channel: String, payload: String) {
        self.channel = channel
        self.payload = payload
    }

    init(_ notification: PGnotify) {
        channel = notification.relname.map { String(cString: $0) } ?? ""
        payload = notification.extra.map { String(cString: $0) } ?? ""
    }
}
