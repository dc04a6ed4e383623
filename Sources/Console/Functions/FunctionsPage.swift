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
        let hasMore: Bool
    }

    private static let most = 500

    static func answer(_ visit: Visit) async throws -> Response {
        guard visit.caller?.may("ListFunctions") == true else { throw visit.denied("lambda:ListFunctions") }
        let standings = try await FunctionStanding.all(visit)
        let rows = standings.prefix(most)
            .map { standing in
                Row(
                    address: Address.of(["functions", standing.name]),
                    name: standing.name,
                    figures: FunctionFigures(standing, visit.texts)
                )
            }
        let model = Model(rows: Array(rows), hasMore: standings.count > most)
        return visit.page("functions", model, title: visit.texts("nav.functions"))
    }
}
