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

    static func answer(_ visit: Visit) async throws -> Response {
        // It names executions of every state machine.
        try visit.require("ListExecutions", on: nil)
        let page = try await visit.store.auditEntries(after: visit.address.query["after"].flatMap(PGUUID.init))
        let rows = page.elements.map { entry in
            Row(
                at: Moment(entry.at),
                actor: entry.actor ?? visit.texts("audit.anybody"),
                action: entry.action,
                subject: entry.subject,
                detail: entry.detail?.text,
                refusal: entry.refusal
            )
        }
        let next = page.next.map { visit.address(with: ["after": $0.description]) }
        return visit.page("audit", Model(rows: rows, next: next), title: visit.texts("nav.audit"))
    }
}
