/// Does something within a time; it is cancelled when the time is over, or when the caller is.
func withDeadline<Value: Sendable>(
    _ time: Duration,
    _ body: @escaping @Sendable () async throws(TransportError) -> Value
) async throws(TransportError) -> Value {
    let first = await withTaskGroup(of: Result<Value, TransportError>.self) { group in
        group.addTask {
            do throws(TransportError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        group.addTask {
            do {
                try await Task.sleep(for: time)
                return .failure(.timedOut)
            } catch {
                return .failure(.cancelled)
            }
        }
        let first = await group.next() ?? .failure(.cancelled)
        group.cancelAll()
        return first
    }
    return try first.get()
}
