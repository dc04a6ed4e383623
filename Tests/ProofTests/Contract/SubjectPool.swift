/// Databases for cases of the contract, each used by one case at a time: making one takes longer than most cases.
actor SubjectPool {
    static let shared = SubjectPool()

    private var free: [PostgresSubject] = []

    /// Runs a case on an empty store.
    func withSubject(_ body: (PostgresSubject) async throws -> Void) async throws {
        let subject = if let subject = free.popLast() { subject } else { try await PostgresSubject() }
        try await body(subject)
        try await subject.empty()
        free.append(subject)
    }
}
