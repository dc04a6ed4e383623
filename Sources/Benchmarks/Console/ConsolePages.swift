/// The pages that are measured, with the addresses that ask most of them.
enum ConsolePages {
    static func all(_ data: ConsoleData) -> [(name: String, path: String)] {
        let machine = ConsoleData.machine
        let (long, map) = ("/executions/\(machine)/long", "/executions/\(machine)/map")
        let (order, open) = ("/executions/\(machine)/order-4242", "/executions/\(machine)/open-42")
        let run = "/map-runs/\(machine)/Each/\(ConsoleData.mapRun)"
        return [
            ("overview", ""), ("state machines", "/machines"), ("one state machine", "/machines/\(machine)"),
            ("its editor", "/machines/\(machine)/edit"), ("functions", "/functions"), ("schedules", "/schedules"),
            ("executions", "/executions"), ("those that run", "/executions?status=RUNNING"),
            ("those that failed", "/executions?status=FAILED"),
            ("of one machine, in the last hour", "/executions?machine=\(machine)&since=1h"),
            ("by a name that few have", "/executions?name=order-99999"),
            ("by a name that none has", "/executions?name=x"),
            ("by an error", "/executions?error=Shop.Closed"), ("by a field", "/executions?fields=customer%3Dc-42"),
            ("by a field that none has", "/executions?fields=customer%3Dx"),
            ("before stopping all that run", "/executions/bulk?action=stop"),
            ("before redriving all that failed", "/executions/bulk?action=redrive"),
            ("an execution that ended", order), ("one that sleeps", open), ("its events", open + "?view=events"),
            ("its input", open + "?view=data"), ("\(data.events) events: graph", long),
            ("timeline", long + "?view=timeline"),
            ("timeline, in the middle", long + "?view=timeline&row=\(data.events / 4)"),
            ("events, at the end", long + "?view=events&after=\(data.events - 60)"),
            ("a state, searched", long + "?span=\(data.events / 2)&find=n"), ("\(data.items) items: graph", map),
            ("timeline", map + "?view=timeline"), ("items", map + "?view=timeline&open=2"),
            ("items, in the middle", map + "?view=timeline&open=2&row=\(data.items / 2)"),
            ("map runs", "/map-runs"), ("a map run of \(data.items)", run), ("its failures", run + "?view=failed"),
            ("activities", "/activities"), ("workers", "/workers"), ("audit", "/audit"),
        ]
    }
}
