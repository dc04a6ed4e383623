import PostgresTestSupport
import Proof
import Testing

/// A suite that does not catch planted bugs is not a suite.
@Suite("Planted bugs", .serialized)
struct PlantedBugTests {
    @Test("the simulator catches", arguments: PlantedBug.allCases.filter(\.isVisible))
    func simulator(_ bug: PlantedBug) async throws {
        let campaign = Campaign(firstSeed: 1, count: 4000, threads: 2, bug: bug, failureLimit: 1)
        let result = try await campaign.run { _ in }
        #expect(result.failures > 0, "\(bug) was not caught in \(result.schedules) schedules")
    }

    @Test("the contract catches in memory", arguments: PlantedBug.allCases.filter { !$0.isVisible })
    func memory(_ bug: PlantedBug) async {
        var broken: [String] = []
        for contract in ContractCase.all {
            do {
                try await contract.body(ContractBench(subject: MemorySubject(bug: bug)))
            } catch {
                broken.append("\(contract.name): \(error)")
            }
        }
        #expect(!broken.isEmpty, "\(bug) was not caught")
    }

    @Test(
        "the contract catches in PostgreSQL",
        .disabled(if: TestNetwork.schema != nil, "it changes texts that name the schema"),
        arguments: PlantedSQLBug.all
    )
    func postgres(_ bug: PlantedSQLBug) async throws {
        var broken: [String] = []
        for contract in ContractCase.all where bug.cases.contains(where: { contract.name.contains($0) }) {
            let subject = try await PostgresSubject()
            try await bug.plant(in: subject)
            do {
                try await contract.body(ContractBench(subject: subject))
            } catch {
                broken.append("\(contract.name): \(error)")
            }
        }
        #expect(!broken.isEmpty, "\(bug.name) was not caught")
    }
}
