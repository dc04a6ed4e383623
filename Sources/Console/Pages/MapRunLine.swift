import Postgres
import Store

/// A map run that belongs to an execution: one that it has begun, or the one that it works for.
struct MapRunLine {
    let address: String
    let label: String
    let status: String
    let tone: String
    let count: String

    private static let most = 10

    static func load(_ page: ExecutionPage) async throws -> [MapRunLine] {
        guard page.visit.may("DescribeMapRun", on: page.owner) else { return [] }
        let store = page.store
        var runs: [MapRunDescription]
        if page.machine == page.owner {
            runs = try await store.mapRuns(ofExecution: page.arn, after: nil, limit: most).elements
        } else {
            let label = String(page.machine.dropFirst(page.owner.count + 1))
            guard let id = try await store.mapRun(ofChild: page.arn),
                let run = try await store.mapRun(id, ofStateMachine: page.owner, label: label)
            else { return [] }
            runs = [run]
        }
        guard !runs.isEmpty else { return [] }
        let counts = try await store.mapRunItemCounts(runs.map(\.id))
        return runs.map { run in
            let total = run.record.itemTotal ?? counts[run.id]?.started ?? 0
            return MapRunLine(
                address: Address.of(["map-runs", page.owner, run.record.label, run.id.description]),
                label: run.record.label,
                status: page.texts("mapRun.\(run.record.status.rawValue)"),
                tone: run.record.status.tone,
                count: "\(page.texts.count(counts[run.id]?.ended ?? 0)) / \(page.texts.count(total))"
            )
        }
    }
}
