import Hummingbird
import Server
import Store

/// The schedules, by name.
enum SchedulesPage {
    private struct Model {
        let rows: [ScheduleRow]
        let next: String?
        let create: String?
    }

    private static let pageSize = 100

    static func answer(_ visit: Visit) async throws -> Response {
        guard visit.caller?.may("ListSchedules") == true else { throw visit.denied("scheduler:ListSchedules") }
        var rows: [ScheduleRow] = []
        var after = visit.address.query.filled("after")
        // Those that they may not see are passed over; how many pages are read for that has an end.
        for _ in 0..<20 {
            let page = try await visit.store.schedules(limit: pageSize, after: after)
            rows += page.elements.filter { visit.may("ListSchedules", on: $0.name) }
                .map { ScheduleRow($0, visit.texts) }
            after = page.next
            if after == nil || rows.count >= pageSize { break }
        }
        let model = Model(
            rows: rows,
            next: after.map { visit.address(with: ["after": $0]) },
            create: visit.caller?.may("CreateSchedule") == true ? Address.of(["new", "schedule"]) : nil
        )
        return visit.page("schedules", model, title: visit.texts("nav.schedules"))
    }
}
