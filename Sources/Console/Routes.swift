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
        case ("executions", 1): return try await ExecutionsPage.answer(visit)
        case ("workers", 1): return try await WorkersPage.answer(visit)
        case ("audit", 1): return try await AuditPage.answer(visit)
        case ("session", 1): return .nothing
        default: throw APIError.noSuchPage
        }
    }

    /// What can be done at which address.
    private func act(_ visit: Visit, _ path: [String]) async throws -> Response {
        switch path {
        case ["logout"]: return try await LoginPage.logOut(visit)
        default: throw APIError.noSuchPage
        }
    }
}

extension APIError {
    static let noSuchPage = APIError("NotFound", "There is no page at this address.", status: 404)
}
