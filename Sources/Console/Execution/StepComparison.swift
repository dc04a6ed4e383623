import JSON
import Store

/// A state's data beside those of another step: what has changed between the two.
struct StepComparison {
    /// Steps of a kind that are offered.
    private static let most = 10

    private let page: ExecutionPage
    private let spans: [Span]
    private let index: Int
    private var span: Span { spans[index] }

    init?(_ page: ExecutionPage, _ report: ExecutionReport, span: Span) {
        guard let index = report.spans.all.lastIndex(where: { $0.id == span.id }) else { return nil }
        (self.page, spans, self.index) = (page, report.spans.all, index)
    }

    /// - Parameter execution: its input.
    /// - Returns: nil where nothing is known of the state.
    func changes(_ values: StateValues, execution: String) async throws -> ValueChanges? {
        let texts = page.texts
        guard let input = values.input else { return nil }
        let result = (
            name: texts("execution.\(values.output == nil ? "input" : "output")"), text: values.output ?? input
        )
        // While it has put nothing out there is nothing to hold its own input against.
        var fixed = [(value: "start", name: texts("compare.start"), text: execution)]
        if values.output != nil {
            fixed.insert((value: "input", name: texts("compare.input"), text: input), at: 0)
        }
        let wanted = page.visit.address.query["with"]
        var (chosen, other) = (fixed[0].value, (name: fixed[0].name, text: fixed[0].text))
        if let choice = fixed.first(where: { $0.value == wanted }) {
            (chosen, other) = (choice.value, (choice.name, choice.text))
        } else if let step = steps.first(where: { "\(spans[$0].id)" == wanted }) {
            let found = try await StateValues.load(page, spans[step])
            if let text = found.output ?? found.input {
                (chosen, other) = ("\(spans[step].id)", (name(step), text))
            }
        }
        let choices = fixed.map { ($0.value, $0.name) } + steps.map { ("\(spans[$0].id)", name($0)) }
        return ValueChanges(
            from: other,
            to: result,
            choices: choices.map { ValueChanges.Choice(value: $0.0, text: $0.1, isChosen: $0.0 == chosen) },
            span: span.id
        )
    }

    /// Those that led here, and the other times that the state was entered.
    private var steps: [Int] {
        var before: [Int] = []
        var next = span.before ?? span.parent
        while let step = next, before.count < Self.most {
            before.append(step)
            next = spans[step].before ?? spans[step].parent
        }
        let again = spans.indices.lazy.filter { $0 < index && spans[$0].state == span.state }.suffix(Self.most)
        return before + again.reversed().filter { !before.contains($0) }
    }

    private func name(_ step: Int) -> String {
        let iteration = spans[step].iteration.map { " #\($0)" } ?? ""
        return page.texts("compare.step", ["state": spans[step].state + iteration, "event": "\(spans[step].id)"])
    }
}
