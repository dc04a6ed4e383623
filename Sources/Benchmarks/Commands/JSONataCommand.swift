import ArgumentParser

struct JSONataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jsonata",
        abstract: "JSONata beside its Python and JavaScript implementations, without a database.",
        discussion: """
            Prints microseconds of CPU for one evaluation of a compiled expression, and how many times as long the \
            others take. They are run where `python3` can import `jsonata` (the package jsonata-python) and where \
            `node` can require `jsonata`.
            """
    )

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() async throws {
        let work = JSONataWork.fields + JSONataWork.aggregations
        var report = Report(
            "jsonata",
            columns: ["expression", "compile µs", "µs"]
                + OtherJSONata.all.flatMap { ["\($0.name) µs", "× \($0.name)"] }
        )
        let own = try work.map { (compile: try $0.measureCompilation(), evaluate: try $0.measure()) }
        var others: [[Double]?] = []
        for other in OtherJSONata.all {
            let figures = try other.measure(work)
            others.append(figures)
            if figures == nil { report.notes.append(other.hint) }
        }
        for (place, item) in work.enumerated() {
            var row: [Report.Value] = [
                .text(item.expression), .number(own[place].compile, 1), .number(own[place].evaluate, 1),
            ]
            for figures in others {
                guard let figures, place < figures.count else {
                    row += [.none, .none]
                    continue
                }
                row += [.number(figures[place], 0), .number(figures[place] / own[place].evaluate, 0)]
            }
            report.add(row)
        }
        report.show(json: json)
    }
}
