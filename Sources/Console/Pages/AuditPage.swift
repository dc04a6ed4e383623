import Hummingbird
import JSON
import Postgres
import Server
import Store

/// What was done by whom.
enum AuditPage {
    private struct Row {
        let at: Moment
        let actor: String
        let action: String
        let subject: String
        let detail: String?
        let refusal: String?
    }

    private struct Model {
        let rows: [Row]
        let next: String?
    }

    private static let pageSize = 60
    /// As much of a text as a row shows, in bytes of HTML.
    private static let mostText = 600

    static func answer(_ visit: Visit) async throws -> Response {
        // It names executions of every state machine.
        try visit.require("ListExecutions", on: nil)
        let page = try await visit.store.auditEntries(
            limit: pageSize,
            after: visit.address.query["after"].flatMap(PGUUID.init)
        )
        func cut(_ text: String) -> String { EscapedHTML.beginning(of: text, bytes: mostText) }
        let rows = page.elements.map { entry in
            Row(
                at: Moment(entry.at),
                actor: entry.actor ?? visit.texts("audit.anybody"),
                action: entry.action,
                subject: cut(entry.subject),
                detail: entry.detail.map { cut($0.text) },
                refusal: entry.refusal.map(cut)
            )
        }
        let next = page.next.map { visit.address(with: ["after": $0.description]) }
        return visit.page("audit", Model(rows: rows, next: next), title: visit.texts("nav.audit"))
    }
}
