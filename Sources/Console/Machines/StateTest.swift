import JSON
import Server

/// One state, run with a sample input: what goes in, what stands for its work, and what comes out.
struct StateTest {
    /// What can be chosen where a state is tried out.
    struct Form {
        let mock: [Choice]
        let level: [Choice]

        struct Choice {
            let value: String
            let text: String
            let isChosen: Bool
        }

        init(_ texts: Texts) {
            mock = ["none", "result", "error"]
                .map { Choice(value: $0, text: texts("test.\($0)"), isChosen: $0 == "none") }
            level = StateTest.levels.map { Choice(value: $0, text: $0, isChosen: $0 == StateTest.usualLevel) }
        }
    }

    /// What became of it.
    struct Outcome {
        let status: String?
        let tone: String
        let next: String?
        let error: String?
        let cause: String?
        let blocks: [JSONBlock]
        /// Why nothing was run.
        let refusal: String?
    }

    let visit: Visit
    let fields: Fields

    private static let levels = ["INFO", "DEBUG", "TRACE"]
    private static let usualLevel = "DEBUG"

    func run() async throws -> Outcome {
        var arguments: JSONObject = [
            "definition": .string(fields.text("definition")),
            "input": .string(fields.filled("input") == nil ? "{}" : fields.text("input")),
            "inspectionLevel": .string(fields.filled("level") ?? Self.usualLevel),
        ]
        if let state = fields.filled("state") { arguments["stateName"] = .string(state) }
        if fields.filled("variables") != nil { arguments["variables"] = .string(fields.text("variables")) }
        switch fields["mock"] {
        case "result": arguments["mock"] = ["result": .string(fields.text("result"))]
        case "error":
            arguments["mock"] = [
                "errorOutput": ["error": .string(fields["error"] ?? ""), "cause": .string(fields["cause"] ?? "")]
            ]
        default: break
        }
        do {
            return outcome(try await visit.ask("TestState", arguments))
        } catch let error as APIError where error.status < 500 {
            return Outcome(
                status: nil,
                tone: "failed",
                next: nil,
                error: nil,
                cause: nil,
                blocks: [],
                refusal: error.message
            )
        }
    }

    private func outcome(_ answer: JSONValue) -> Outcome {
        let status = answer["status"]?.string ?? ""
        var blocks: [JSONBlock] = []
        if let output = answer["output"]?.string {
            blocks.append(JSONBlock(visit.texts("execution.output"), output, whole: ""))
        }
        for (name, value) in answer["inspectionData"]?.object ?? [:] {
            // Documents travel as text.
            blocks.append(JSONBlock(name, value.string ?? value.text, whole: ""))
        }
        let tone =
            switch status {
            case "SUCCEEDED": "succeeded"
            case "CAUGHT_ERROR": "caught"
            case "RETRIABLE": "timed-out"
            default: "failed"
            }
        return Outcome(
            status: visit.texts("test.\(status)"),
            tone: tone,
            next: answer["nextState"]?.string,
            error: answer["error"]?.string,
            cause: answer["cause"]?.string,
            blocks: blocks,
            refusal: nil
        )
    }
}
