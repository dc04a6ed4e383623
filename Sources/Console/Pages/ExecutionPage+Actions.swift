import Hummingbird
import JSON
import Server
import Store

extension ExecutionPage {
    /// Stops it.
    func stop() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        var arguments: JSONObject = ["executionArn": .string(arn)]
        if let error = fields.filled("error") { arguments["error"] = .string(error) }
        if let cause = fields.filled("cause") { arguments["cause"] = .string(cause) }
        try await visit.perform("StopExecution", on: arn, arguments)
        return .goOn(to: address())
    }

    /// Goes on with it from where it failed.
    func redrive() async throws -> Response {
        try await visit.perform("RedriveExecution", on: arn, ["executionArn": .string(arn)])
        return .goOn(to: address())
    }

    /// Starts another one of the same state machine, with the input that was sent.
    func again() async throws -> Response {
        try await MachinePage(visit: visit, name: owner).start()
    }

    /// A payload as a file, whole.
    func value() async throws -> Response {
        try visit.require("DescribeExecution", on: owner)
        let query = visit.address.query
        let text: String?
        if let event = query["event"].flatMap({ Int($0) }), event > 0 {
            try visit.require("GetExecutionHistory", on: owner)
            let found = try await store.history(arn, after: event - 1, limit: 1).first
            text = found.flatMap { $0.id == event ? $0.details[query["of"] ?? ""]?.string : nil }
        } else {
            let description = try await store.describe(arn)
            text = query["of"] == "output" ? description.output?.text : description.input.text
        }
        guard let text else { throw APIError.noSuchPage }
        return .download(text, name: "value.json")
    }
}
