import CLibpq

/// Tells the server to stop what a session is doing. It takes a connection of its own and blocks, hence a thread.
///
/// Sendable: the pointer is made from a connection but independent of it, and used by one thread at a time.
struct Cancellation: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Asks for it and doesn't wait; whether it arrives in time is never certain.
    static func send(for handle: LibpqHandle) {
        guard let pointer = PQgetCancel(handle.pointer) else { return }
        let cancellation = Cancellation(pointer: pointer)
        if !startThread({ cancellation.run() }) { PQfreeCancel(pointer) }
    }

    private func run() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            _ = PQcancel(pointer, message.baseAddress, 256)
        }
        PQfreeCancel(pointer)
    }
}
