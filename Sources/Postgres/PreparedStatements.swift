/// Which statements a connection has prepared.
///
/// A name is used only after the server confirmed it; until then the statement goes without a name. So a failed
/// preparation never fails a statement that would have succeeded.
struct PreparedStatements {
    struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    enum Use: Equatable {
        /// Send it without a name.
        case unnamed
        /// Prepare it under this name, beside sending it without one.
        case prepare(name: String)
        case named(String)
    }

    private enum Entry {
        case preparing(name: String)
        case ready(name: String, columns: [Column]?)
    }

    /// A program has a bounded set of statements; past that, text is being generated, and is not worth keeping.
    private let capacity = 256
    private let isEnabled: Bool
    private var entries: [Key: Entry] = [:]
    private var lastName = 0

    init(isEnabled: Bool) { self.isEnabled = isEnabled }

    mutating func use(_ key: Key) -> Use {
        guard isEnabled else { return .unnamed }
        switch entries[key] {
        case .ready(let name, _): return .named(name)
        case .preparing: return .unnamed
        case nil:
            guard entries.count < capacity else { return .unnamed }
            lastName += 1
            let name = "s\(lastName)"
            entries[key] = .preparing(name: name)
            return .prepare(name: name)
        }
    }

    mutating func prepared(_ key: Key) {
        if case .preparing(let name) = entries[key] { entries[key] = .ready(name: name, columns: nil) }
    }

    /// Forgets a statement that couldn't be prepared or whose plan the server no longer takes.
    mutating func forget(_ key: Key) {
        entries[key] = nil
    }

    /// The columns that this statement is known to return.
    func columns(of key: Key) -> [Column]? {
        if case .ready(_, let columns) = entries[key] { columns } else { nil }
    }

    mutating func remember(_ columns: [Column], of key: Key) {
        if case .ready(let name, nil) = entries[key] { entries[key] = .ready(name: name, columns: columns) }
    }
}
