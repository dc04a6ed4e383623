import JSON
import Server
import Store

/// What went into a state and what came out of it, as its events say.
struct StateValues {
    let input: String?
    let output: String?
    /// Those that it has assigned, as an object.
    let variables: String?
    private let page: ExecutionPage
    private let span: Span

    static func load(_ page: ExecutionPage, _ span: Span) async throws -> StateValues {
        let entry = try await event(span.id, of: page)
        let exit = if let id = span.exitEvent { try await event(id, of: page) } else { JSONObject() }
        return StateValues(
            input: entry["input"]?.string,
            output: exit["output"]?.string,
            variables: exit["assignedVariables"]?.object.flatMap(variables),
            page: page,
            span: span
        )
    }

    /// The details of one event.
    static func event(_ id: Int, of page: ExecutionPage) async throws -> JSONObject {
        let found = try await page.store.history(page.arn, after: id - 1, limit: 1).first
        return found.flatMap { $0.id == id ? $0.details : nil } ?? [:]
    }

    private static func variables(_ assigned: JSONObject) -> String? {
        guard !assigned.isEmpty else { return nil }
        let values = assigned.reduce(into: JSONObject()) { object, variable in
            let value = variable.value.string.flatMap { try? JSONValue(parsing: $0) }
            object[variable.key] = value ?? variable.value
        }
        return JSONValue.object(values).text
    }

    var blocks: [JSONBlock] {
        func whole(_ event: Int?, _ member: String) -> String {
            page.address(["value"], [("event", event.map(String.init)), ("of", member)])
        }
        var blocks: [JSONBlock] = []
        if let input { blocks.append(JSONBlock(page.texts("execution.input"), input, whole: whole(span.id, "input"))) }
        if let output {
            blocks.append(JSONBlock(page.texts("execution.output"), output, whole: whole(span.exitEvent, "output")))
        }
        if let variables {
            let all = whole(span.exitEvent, "assignedVariables")
            blocks.append(JSONBlock(page.texts("execution.variables"), variables, whole: all))
        }
        return blocks
    }

    /// The values with what they are called, for a search.
    var named: [(name: String, text: String)] {
        [("execution.input", input), ("execution.output", output), ("execution.variables", variables)]
            .compactMap { name, text in text.map { (page.texts(name), $0) } }
    }
}

/// The details of an event.
extension RecordedEvent {
    var details: JSONObject { json.object?.first { $0.key.hasSuffix("EventDetails") }?.value.object ?? [:] }
}
