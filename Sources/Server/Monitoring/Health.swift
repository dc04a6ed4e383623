import Hummingbird
import Store

/// Whether the server can do its work.
enum Health {
    /// Ready: the database answers.
    static func ready(_ store: Store) async -> Response {
        do throws(StoreError) {
            try await store.ping()
            return .text("ready\n")
        } catch {
            return .text("the database does not answer\n", status: .serviceUnavailable)
        }
    }
}
