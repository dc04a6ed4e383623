import JSON
import Server

/// One state, run with a sample input: what goes in, what stands for its work, and what comes out.
struct StateTest {
    /// What was asked for, as the form shows it again.
    struct Form {
        let state: String
        let input: String
        let variables: String
        let mock: [Choice]
        let result: String
        let error: String
        let cause: String
        let level: [Choice]

        struct Choice {
            let value: String
            let text: String
            let isChosen: Bool
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

    private var level: String {
        let level = fields["level"] ?? ""
        return ["INFO", "DEBUG", "TRACE"].contains(level) ? level : "DEBUG"
    }

    private var mock: String { fields["mock"] ?? "none" }

    var form: Form {
        Form(
            state: fields["state"] ?? "",
            input: fields.filled("input").map { _ in fields.text("input") } ?? "{}",
            variables: fields.text("variables"),
            mock: ["none", "result", "error"]
                .map { Form.Choice(value: $0, text: visit.texts("test.\($0)"), isChosen: $0 == mock) },
            result: fields.text("result"),
            error: fields["error"] ?? "",
            cause: fields["cause"] ?? "",
            level: ["INFO", "DEBUG", "TRACE"].map { Form.Choice(value: $0, text: $0, isChosen: $0 == level) }
        )
    }

    func run() async throws -> Outcome {
        var arguments: JSONObject = [
            "definition": .string(fields.text("definition")), "input": .string(form.input),
            "inspectionLevel": .string(level),
        ]
        if let state = fields.filled("state") { arguments["stateName"] = .string(state) }
        if fields.filled("variables") != nil { arguments["variables"] = .string(fields.text("variables")) }
        switch mock {
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
