import Hummingbird
import Server

extension ConsoleSite {
    /// What there is at which address.
    func route(_ visit: Visit) async throws -> Response {
        let path = visit.address.path
        if path == ["login"] { return try await LoginPage.answer(visit) }
        guard visit.isKnown else { return visit.toLogin }
        if visit.request.method == .post {
            try visit.checkIntent()
            return try await act(visit, path)
        }
        guard visit.request.method == .get else { throw APIError.noSuchPage }
        switch (path.first, path.count) {
        case (nil, _): return try await OverviewPage.answer(visit)
        case ("machines", 1): return try await MachinesPage.answer(visit)
        case ("machines", 2): return try await MachinePage(visit: visit, name: path[1]).answer()
        case ("executions", 3): return try await execution(visit).answer()
        case ("executions", 4) where path[3] == "live": return try LiveStream.response(to: execution(visit))
        case ("executions", 4) where path[3] == "value": return try await execution(visit).value()
        case ("executions", 1): return try await ExecutionsPage.answer(visit)
        case ("workers", 1): return try await WorkersPage.answer(visit)
        case ("audit", 1): return try await AuditPage.answer(visit)
        case ("session", 1): return .nothing
        default: throw APIError.noSuchPage
        }
    }

    /// What can be done at which address.
    private func act(_ visit: Visit, _ path: [String]) async throws -> Response {
        switch (path.first, path.count, path.last) {
        case ("logout", 1, _): return try await LoginPage.logOut(visit)
        case ("machines", 3, "start"): return try await MachinePage(visit: visit, name: path[1]).start()
        case ("executions", 4, "stop"): return try await execution(visit).stop()
        case ("executions", 4, "redrive"): return try await execution(visit).redrive()
        case ("executions", 4, "again"): return try await execution(visit).again()
        default: throw APIError.noSuchPage
        }
    }

    /// The execution that the address names.
    private func execution(_ visit: Visit) -> ExecutionPage {
        ExecutionPage(visit: visit, machine: visit.address.path[1], name: visit.address.path[2])
    }
}

extension APIError {
    static let noSuchPage = APIError("NotFound", "There is no page at this address.", status: 404)
}
