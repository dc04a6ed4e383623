import PostgresTestSupport
import Testing

/// One contract for both stores: what the simulator proves on the one holds on the other as far as this suite can tell.
@Suite("Contract of the store")
struct ContractTests {
    @Test("in memory", arguments: ContractCase.all)
    func memory(_ contract: ContractCase) async throws {
        try await contract.body(ContractBench(subject: MemorySubject()))
    }

    @Test("in PostgreSQL", arguments: ContractCase.all)
    func postgres(_ contract: ContractCase) async throws {
        try await SubjectPool.shared.withSubject { try await contract.body(ContractBench(subject: $0)) }
    }

    /// Without the short way of root branches.
    @Test(
        "in PostgreSQL, looking closely",
        .disabled(if: TestNetwork.schema != nil, "it changes a text that names the schema"),
        arguments: ContractCase.all
    )
    func closely(_ contract: ContractCase) async throws {
        let subject = try await PostgresSubject()
        _ = try await subject.sql(PlantedSQLBug.everythingClosely)
        try await contract.body(ContractBench(subject: subject))
    }

    /// Most cases commit decisions one by one: here these take the short way of several.
    @Test(
        "in PostgreSQL, as if in company",
        .disabled(if: TestNetwork.schema != nil, "it changes a text that names the schema"),
        arguments: ContractCase.all
    )
    func together(_ contract: ContractCase) async throws {
        let subject = try await PostgresSubject()
        _ = try await subject.sql(PlantedSQLBug.everythingTogether)
        try await contract.body(ContractBench(subject: subject))
    }
}
