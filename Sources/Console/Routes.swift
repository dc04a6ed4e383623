import Hummingbird
import Server

extension ConsoleSite {
    /// What there is at which address.
    func route(_ visit: Visit) async throws -> Response {
        let path = visit.address.path
        guard visit.isKnown || path == ["login"] else { return visit.toLogin }
        switch visit.request.method {
        case .get: return try await show(visit, path)
        case .post:
            try visit.checkIntent(path == ["login"] ? Visit.loginToken : visit.intentToken)
            return try await act(visit, path)
        default: throw APIError.noSuchPage
        }
    }

    private func show(_ visit: Visit, _ path: [String]) async throws -> Response {
        switch (path.first, path.count) {
        case ("login", 1): return LoginPage.answer(visit)
        case (nil, _): return try await OverviewPage.answer(visit)
        case ("machines", 1): return try await MachinesPage.answer(visit)
        case ("machines", 2): return try await MachinePage(visit: visit, name: path[1]).answer()
        case ("machines", 3) where path[2] == "edit":
            return try await MachineEditor(visit: visit, name: path[1]).answer()
        case ("new", 2) where path[1] == "machine": return try await MachineEditor(visit: visit, name: nil).answer()
        case ("new", 2) where path[1] == "schedule": return try await ScheduleEditor(visit: visit, name: nil).answer()
        case ("functions", 1): return try await FunctionsPage.answer(visit)
        case ("functions", 2): return try await FunctionPage(visit: visit, name: path[1]).answer()
        case ("schedules", 1): return try await SchedulesPage.answer(visit)
        case ("schedules", 2): return try await SchedulePage(visit: visit, name: path[1]).answer()
        case ("schedules", 3) where path[2] == "edit":
            return try await ScheduleEditor(visit: visit, name: path[1]).answer()
        case ("executions", 3): return try await execution(visit).answer()
        case ("executions", 4) where path[3] == "live": return try LiveStream.response(to: execution(visit))
        case ("executions", 4) where path[3] == "value": return try await execution(visit).value()
        case ("executions", 1): return try await ExecutionsPage.answer(visit)
        case ("executions", 2) where path[1] == "bulk": return try await BulkPage.answer(visit)
        case ("map-runs", 1): return try await MapRunsPage.answer(visit)
        case ("map-runs", 4): return try await MapRunPage(visit).answer()
        case ("activities", 1): return try await ActivitiesPage.answer(visit)
        case ("activities", 2): return try await ActivityPage(visit: visit, name: path[1]).answer()
        case ("workers", 1): return try await WorkersPage.answer(visit)
        case ("audit", 1): return try await AuditPage.answer(visit)
        case ("session", 1): return .nothing
        default: throw APIError.noSuchPage
        }
    }

    /// What can be done at which address.
    private func act(_ visit: Visit, _ path: [String]) async throws -> Response {
        switch (path.first, path.count, path.last) {
        case ("login", 1, _): return try await LoginPage.logIn(visit)
        case ("logout", 1, _): return try await LoginPage.logOut(visit)
        case ("machines", 3, "start"): return try await MachinePage(visit: visit, name: path[1]).start()
        case ("machines", 3, "publish"): return try await MachineRelease(visit: visit, name: path[1]).publish()
        case ("machines", 3, "alias"): return try await MachineRelease(visit: visit, name: path[1]).putAlias()
        case ("machines", 3, "edit"): return try await MachineEditor(visit: visit, name: path[1]).act()
        case ("new", 2, "machine"): return try await MachineEditor(visit: visit, name: nil).act()
        case ("draft", 1, _): return try await MachineEditor.check(visit)
        case ("functions", 3, "invoke"): return try await FunctionPage(visit: visit, name: path[1]).invoke()
        case ("functions", 3, "settings"): return try await FunctionForm(visit: visit, name: path[1]).save()
        case ("functions", 3, "forget"): return try await FunctionForm(visit: visit, name: path[1]).forget()
        case ("functions", 3, "alias"): return try await FunctionRelease(visit: visit, name: path[1]).putAlias()
        case ("new", 2, "schedule"): return try await ScheduleEditor(visit: visit, name: nil).act()
        case ("schedules", 3, "edit"): return try await ScheduleEditor(visit: visit, name: path[1]).act()
        case ("schedules", 3, "pause"): return try await SchedulePage(visit: visit, name: path[1]).pause()
        case ("schedules", 3, "resume"): return try await SchedulePage(visit: visit, name: path[1]).resume()
        case ("schedules", 3, "run"): return try await SchedulePage(visit: visit, name: path[1]).runNow()
        case ("schedules", 3, "delete"): return try await SchedulePage(visit: visit, name: path[1]).delete()
        case ("map-runs", 5, "update"): return try await MapRunPage(visit).update()
        case ("activities", 1, _): return try await ActivitiesPage.create(visit)
        case ("activities", 3, "delete"): return try await ActivityPage(visit: visit, name: path[1]).delete()
        case ("executions", 2, "bulk"): return try await BulkPage.act(visit)
        case ("executions", 4, "stop"): return try await execution(visit).stop()
        case ("executions", 4, "redrive"): return try await execution(visit).redrive()
        case ("executions", 4, "again"): return try await execution(visit).again()
        case ("executions", 4, "answer"):
            return try await execution(visit).answer(RequestBody.fields(of: visit.request))
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
