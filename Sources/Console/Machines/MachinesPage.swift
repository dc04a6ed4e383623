import Hummingbird
import Server
import StatesLanguage
import Store

/// The state machines, by name.
enum MachinesPage {
    private struct Row {
        let address: String
        let name: String
        let type: String
        let created: Moment
    }

    private struct Model {
        let rows: [Row]
        let next: String?
        let create: String?
    }

    private static let pageSize = 100

    static func answer(_ visit: Visit) async throws -> Response {
        var rows: [Row] = []
        var after = visit.address.query.filled("after")
        // Those that they may not see are passed over; how many pages are read for that has an end.
        for _ in 0..<20 {
            let page = try await visit.store.listStateMachines(after: after, limit: pageSize)
            rows += page.elements.filter { visit.may("DescribeStateMachine", on: $0.name) }
                .map {
                    Row(
                        address: Address.of(["machines", $0.name]),
                        name: $0.name,
                        type: $0.type.rawValue,
                        created: Moment($0.createdAt)
                    )
                }
            after = page.next
            if after == nil || rows.count >= pageSize { break }
        }
        let next = after.map { visit.address(with: ["after": $0]) }
        let mayCreate = visit.caller?.may("CreateStateMachine") ?? false
        let create = mayCreate ? Address.of(["new", "machine"]) : nil
        let model = Model(rows: rows, next: next, create: create)
        return visit.page("machines", model, title: visit.texts("nav.machines"))
    }
}
