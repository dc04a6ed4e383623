import Interpreter
package import JSON

/// What became of the state under test.
package struct TestStateResponse: Sendable {
    package enum Status: String, Sendable {
        case succeeded = "SUCCEEDED"
        case failed = "FAILED"
        /// It failed, and its `Retry` allows another attempt.
        case retriable = "RETRIABLE"
        /// It failed, and its `Catch` goes on.
        case caughtError = "CAUGHT_ERROR"
    }

    package var status: Status
    package var output: JSONDocument?
    package var error: String?
    package var cause: String?
    package var nextState: String?
    /// nil at the level INFO.
    package var inspectionData: JSONObject?

    /// The answer with the API's names.
    package var json: JSONValue {
        var members: JSONObject = ["status": .string(status.rawValue)]
        if let output { members["output"] = .string(output.text) }
        if let error { members["error"] = .string(error) }
        if let cause { members["cause"] = .string(cause) }
        if let nextState { members["nextState"] = .string(nextState) }
        if let inspectionData { members["inspectionData"] = .object(inspectionData) }
        return .object(members)
    }
}

extension Inspection {
    /// `inspectionData`: documents travel as text.
    ///
    /// - Parameters:
    ///   - input: the state's raw input.
    ///   - variables: those after the state, when there are any.
    func json(input: JSONDocument, variables: [String: JSONValue]) -> JSONObject {
        var members: JSONObject = ["input": .string(input.text)]
        for point in Point.allCases {
            if let document = data[point] { members[point.rawValue] = .string(document.text) }
        }
        if !variables.isEmpty {
            let sorted = variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            members["variables"] = .string(JSONValue.object(JSONObject(sorted)).text)
        }
        if let maxConcurrency { members["maxConcurrency"] = .number(JSONNumber(maxConcurrency)) }
        if let toleratedFailureCount {
            members["toleratedFailureCount"] = .number(JSONNumber(toleratedFailureCount))
        }
        if let toleratedFailurePercentage {
            // A float of the API, written as one even when it is whole.
            members["toleratedFailurePercentage"] = try? JSONValue(parsing: toleratedFailurePercentage.description)
        }
        let details = errorDetails
        if !details.isEmpty { members["errorDetails"] = .object(details) }
        return members
    }

    private var errorDetails: JSONObject {
        var details = JSONObject()
        if let catchIndex {
            details["catchIndex"] = .number(JSONNumber(catchIndex))
        } else if let retryIndex {
            details["retryIndex"] = .number(JSONNumber(retryIndex))
            if let seconds = retryBackoff.flatMap({ Int(exactly: $0.rounded()) }) {
                details["retryBackoffIntervalSeconds"] = .number(JSONNumber(seconds))
            }
        }
        return details
    }
}
