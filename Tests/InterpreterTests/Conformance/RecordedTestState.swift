import Expressions
import Interpreter
import JSON
import Simulation

/// The `TestState` calls of a recorded case, and what the real service answered.
struct RecordedTestState {
    let test: ConformanceCase

    /// The first difference between our answers and the recorded ones; nil when there is none.
    func difference() -> String? {
        let answers = test.recorded.filter { $0.key != "create_response" }
        let calls = test.calls.filter { $0["operation"]?.string == "TestState" }
        guard calls.count == answers.count else { return "\(calls.count) calls but \(answers.count) answers" }
        for (call, (key, answer)) in zip(calls, answers) {
            if let difference = difference(call["params"] ?? .null, answer, at: key) { return difference }
        }
        return nil
    }

    private func difference(_ parameters: JSONValue, _ recorded: JSONValue, at key: String) -> String? {
        let comparison = ConformanceComparison(notCompared: test.notCompared)
        guard case .object(var expected) = recorded else { return "no answer was recorded" }
        expected["ResponseMetadata"] = nil
        do throws(TestStateError) {
            let answer = try answer(to: TestStateRequest(parameters))
            return comparison.difference(answer, .object(expected), at: key)
        } catch {
            let message = "\(error.code.rawValue): \(error.message)"
            guard let refusal = Self.refusal(expected) else { return "refused: \(message)" }
            return message == refusal ? nil : "refused: \(message) instead of \(refusal)"
        }
    }

    private func answer(to request: TestStateRequest) throws(TestStateError) -> JSONValue {
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        var random = SeededRandom(seed: 1)
        var test = try TestState(request, limits: .aws, account: "111111111111", now: now, makeID: { "id" })
        var progress = try test.advance(now: now, random: &random)
        while case .call(let call) = progress {
            let function = self.test.functions.first { $0["name"]?.string == call.function }
            let behaviour = ConformanceRun(test: self.test).behaviour(function?["behaviour"])
            progress = try test.advance(on: behaviour?(call).outcome ?? .timedOut, now: now, random: &random)
        }
        guard case .finished(let response) = progress else { return .null }
        return response.json
    }

    private static func refusal(_ recorded: JSONObject) -> String? {
        if let error = recorded["Error"], let code = error["Code"]?.string, let message = error["Message"]?.string {
            return "\(code): \(message)"
        }
        guard let text = recorded["exception_value"]?.string, let start = text.firstRange(of: "operation: ") else {
            return nil
        }
        return "\(recorded["exception_typename"]?.string ?? ""): \(text[start.upperBound...])"
    }
}

extension TestStateRequest {
    /// The request of an API call; texts that are objects are recorded parsed.
    fileprivate init(_ parameters: JSONValue) {
        func text(_ key: String, in object: JSONValue? = nil) -> String? {
            let value = (object ?? parameters)[key]
            return value?.string ?? value?.text
        }
        self.init(
            definition: text("definition") ?? "",
            stateName: text("stateName"),
            input: text("input"),
            mock: parameters["mock"]
                .map { mock in
                    Mock(
                        result: text("result", in: mock),
                        error: mock["errorOutput"]?["error"]?.string,
                        cause: mock["errorOutput"]?["cause"]?.string,
                        fieldValidation: text("fieldValidationMode", in: mock).flatMap(FieldValidation.init) ?? .strict
                    )
                }
        )
        variables = text("variables")
        context = text("context")
        inspectionLevel = text("inspectionLevel").flatMap(InspectionLevel.init) ?? .info
        revealSecrets = parameters["revealSecrets"]?.bool ?? false
        roleARN = text("roleArn")
        let configuration = parameters["stateConfiguration"]
        retrierRetryCount = configuration?["retrierRetryCount"]?.int ?? 0
        mapIterationFailureCount = configuration?["mapIterationFailureCount"]?.int ?? 0
        errorCausedByState = configuration?["errorCausedByState"]?.string
        mapItemReaderData = configuration?["mapItemReaderData"]?.string
    }
}

extension JSONValue {
    fileprivate var int: Int? { number?.integer.flatMap(Int.init(exactly:)) }
}
