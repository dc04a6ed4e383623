import Foundation
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
        let fields = try await RequestBody.fields(of: visit.request)
        let new = fields.filled("name") ?? UUID().uuidString.lowercased()
        let target = store.settings.stateMachineARN(owner) + (fields.filled("target").map { ":\($0)" } ?? "")
        let arguments: JSONObject = [
            "stateMachineArn": .string(target), "name": .string(new), "input": .string(fields.filled("input") ?? "{}"),
        ]
        let subject = store.settings.executionARN(machine: owner, execution: new)
        let answer = try await visit.perform("StartExecution", on: subject, arguments)
        // Of an express execution there is no page until it has ended.
        guard answer["executionArn"]?.string == subject else { return .goOn(to: Address.of(["machines", owner])) }
        return .goOn(to: ExecutionRow.address(machine: owner, name: new))
    }

    /// A payload as a file, whole.
    func value() async throws -> Response {
        try visit.require("DescribeExecution", on: owner)
        let query = visit.address.query
        let text: String?
        if let event = query["event"].flatMap({ Int($0) }), event > 0 {
            try visit.require("GetExecutionHistory", on: owner)
            let member = try await StateValues.event(event, of: self)[query["of"] ?? ""]
            text = member?.string ?? member?.object.map { JSONValue.object($0).text }
        } else {
            let description = try await store.describe(arn)
            text = query["of"] == "output" ? description.output?.text : description.input.text
        }
        guard let text else { throw APIError.noSuchPage }
        return .download(text, name: "value.json")
    }
}
