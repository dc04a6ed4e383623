package import Expressions
package import Interpreter
import JSON
import StatesLanguage

/// The test of one state by the interpreter that runs executions: nothing is recorded, and work is mocked or asked for.
package struct TestState: Sendable {
    /// What comes next.
    package enum Progress: Sendable {
        case finished(TestStateResponse)
        /// No mock was given: call the function and come back with its outcome.
        case call(FunctionCall)
    }

    private let interpreter: Interpreter
    private let level: TestStateRequest.InspectionLevel
    private var branch: Branch
    private var inspection: Inspection

    /// - Parameters:
    ///   - now: when the state is entered.
    ///   - makeID: where the names in the context object come from.
    /// - Throws: ``TestStateError`` for a request that the API refuses.
    package init(
        _ request: TestStateRequest,
        limits: Limits = Limits(),
        region: String = "us-east-1",
        account: String = "000000000000",
        now: Timestamp,
        makeID: () -> String
    ) throws(TestStateError) {
        let subject = try TestSubject(request)
        let mock = try subject.mock(request)
        let input = try Self.document(
            request.input ?? "{}",
            .invalidExecutionInput,
            "Invalid State Machine Execution Input"
        )
        let context =
            if let text = request.context {
                try MockedContext(text).value
            } else {
                Self.context(
                    of: subject,
                    request,
                    input: input,
                    region,
                    account,
                    now: now,
                    id: makeID(),
                    name: makeID()
                )
            }
        let execution = ExecutionInfo(arn: "", name: "", startTime: now, stateMachineARN: "", stateMachineName: "")
        interpreter = Interpreter(machine: subject.machine, execution: execution, limits: limits)
        level = request.inspectionLevel
        branch = Branch(startAt: subject.state.name, input: input)
        branch.phase = .retrying
        branch.enteredAt = now
        branch.retryCount = request.retrierRetryCount
        branch.retrierUses = subject.state.retriers.map { _ in request.retrierRetryCount }
        if let text = request.variables {
            guard case .object(let variables)? = try? Self.document(text, .validation, "Invalid variables").value()
            else {
                throw TestStateError(.validation, "Invalid variables: they must be a JSON object")
            }
            for (name, value) in variables { branch.variables[name] = value }
        }
        inspection = Inspection(mock: mock, context: context)
        inspection.failedIterations = request.mapIterationFailureCount
        if let text = request.mapItemReaderData {
            inspection.items = try Self.document(text, .validation, "Invalid mapItemReaderData")
        }
    }

    /// Carries the state out, or goes on with the outcome of a call.
    ///
    /// - Throws: ``TestStateError`` for a request that does not fit what the state turns out to work on.
    package mutating func advance(
        on outcome: Outcome = .due,
        now: Timestamp,
        random: inout some RandomNumberGenerator
    ) throws(TestStateError) -> Progress {
        let decision = interpreter.inspect(branch, on: outcome, now: now, random: &random, inspection: &inspection)
        let input = branch.input
        branch = decision.branch
        if let count = inspection.itemCount, inspection.failedIterations > count {
            throw TestStateError(
                .validation,
                "mapIterationFailureCount must not be greater than the number of items, which is \(count)."
            )
        }
        switch decision.next {
        case .invoke(let call): return .call(call)
        // A Wait is over at once.
        case .pause(let end, _) where branch.phase == .sleeping: return try advance(now: end, random: &random)
        case .pause: return finished(.retriable, input, failure: inspection.failure)
        case .endBranch(let output) where inspection.catchIndex != nil:
            return finished(.caughtError, input, output: output, failure: inspection.failure)
        case .endBranch(let output): return finished(.succeeded, input, output: output)
        case .failBranch(let error, let cause): return finished(.failed, input, failure: (error, cause))
        case .endExecution(.failed(let error, let cause)):
            return finished(.failed, input, failure: (error ?? "", cause ?? ""))
        default:
            let cause = "A state that starts other executions or waits for others needs a mock."
            return finished(.failed, input, failure: ("States.Runtime", cause))
        }
    }

    private func finished(
        _ status: TestStateResponse.Status,
        _ input: JSONDocument,
        output: JSONDocument? = nil,
        failure: (error: String, cause: String)? = nil
    ) -> Progress {
        .finished(
            TestStateResponse(
                status: status,
                output: output,
                error: failure.flatMap { $0.error.isEmpty ? nil : $0.error },
                cause: failure.flatMap { $0.cause.isEmpty ? nil : $0.cause },
                nextState: inspection.nextState,
                inspectionData: level == .info ? nil : inspection.json(input: input, variables: branch.variables)
            )
        )
    }

    private static func document(
        _ text: String,
        _ code: TestStateError.Code,
        _ what: String
    ) throws(TestStateError) -> JSONDocument {
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: text)
        } catch {
            throw TestStateError(code, "\(what): \(error)")
        }
    }

    /// The context object of an execution that is made up.
    private static func context(
        of subject: TestSubject,
        _ request: TestStateRequest,
        input: JSONDocument,
        _ region: String,
        _ account: String,
        now: Timestamp,
        id: String,
        name: String
    ) -> JSONValue {
        let time = JSONValue.string(now.description)
        var state: JSONObject = ["Name": .string(subject.state.name), "EnteredTime": time]
        if subject.state.kind.hasResult { state["RetryCount"] = .number(JSONNumber(request.retrierRetryCount)) }
        return .object([
            "Execution": .object([
                "Id": .string("arn:aws:states:\(region):\(account):express:\(name):\(id)"),
                "Input": (try? input.value()) ?? .null,
                "Name": .string(id),
                "RoleArn": request.roleARN.map(JSONValue.string) ?? .null,
                "StartTime": time,
            ]),
            "StateMachine": .object([
                "Id": .string("arn:aws:states:\(region):\(account):stateMachine:\(name)"), "Name": .string(name),
            ]),
            "State": .object(state),
        ])
    }
}
