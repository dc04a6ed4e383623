import Hummingbird
import Server
import Store

/// The functions, by name.
enum FunctionsPage {
    private struct Row {
        let address: String
        let name: String
        let figures: FunctionFigures
    }

    private struct Model {
        let rows: [Row]
        let next: String?
    }

    private static let pageSize = 100

    static func answer(_ visit: Visit) async throws -> Response {
        guard visit.caller?.may("ListFunctions") == true else { throw visit.denied("lambda:ListFunctions") }
        let after = visit.address.query["after"] ?? ""
        let standings = try await FunctionStanding.all(visit).filter { $0.name > after }
        let page = standings.prefix(pageSize)
        let rows =
            page
            .map { standing in
                Row(
                    address: Address.of(["functions", standing.name]),
                    name: standing.name,
                    figures: FunctionFigures(standing, visit.texts)
                )
            }
        let next = standings.count > pageSize ? page.last.map { visit.address(with: ["after": $0.name]) } : nil
        let model = Model(rows: Array(rows), next: next)
        return visit.page("functions", model, title: visit.texts("nav.functions"))
    }
}
