import Synchronization

/// How much the server takes on at once. What is beyond is refused at the door, so that what is inside gets done.
final class Admission: Sendable {
    /// What is being worked on.
    private struct Load {
        var requests = 0
        var bytes = 0
    }

    private let mostRequests: Int
    private let mostBytes: Int
    private let load = Mutex(Load())

    /// - Parameters:
    ///   - mostRequests: those that wait for somebody else's work among them.
    ///   - mostBytes: of bodies.
    init(mostRequests: Int = 20_000, mostBytes: Int = 256 << 20) {
        self.mostRequests = mostRequests
        self.mostBytes = mostBytes
    }

    /// Works on a request if there is room for it.
    ///
    /// - Parameter bytes: the most that its body may have.
    /// - Throws: `.unavailable` if there is none.
    func whileAdmitted<Value>(
        bytes: Int,
        _ body: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Value {
        let isAdmitted = load.withLock { load in
            guard load.requests < mostRequests, load.bytes + bytes <= mostBytes else { return false }
            load.requests += 1
            load.bytes += bytes
            return true
        }
        guard isAdmitted else { throw APIError.unavailable }
        defer {
            load.withLock { load in
                load.requests -= 1
                load.bytes -= bytes
            }
        }
        return try await body()
    }
}
