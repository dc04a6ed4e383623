import Interpreter
import JSON
import StatesLanguage

/// The state that a request is about, with the machine around it.
struct TestSubject {
    let machine: StateMachine
    let state: State
    /// The state as written.
    private let source: JSONValue

    init(_ request: TestStateRequest) throws(TestStateError) {
        if request.revealSecrets, request.mock != nil {
            throw TestStateError(.validation, "TestState does not support RevealSecrets when a mock is specified.")
        }
        let definition =
            request.stateName == nil
            ? Definition(parsingState: request.definition) : Definition(parsing: request.definition)
        guard let machine = definition.machine else {
            throw TestStateError(.invalidDefinition, definition.refusal ?? "Invalid State Machine Definition")
        }
        let name = request.stateName ?? Definition.loneStateName
        let written = (try? JSONValue(parsing: request.definition)) ?? .null
        guard let state = machine.states[name],
            let source = request.stateName == nil ? written : written.state(named: name)
        else {
            throw TestStateError(.validation, "The definition has no state '\(name)'")
        }
        self.machine = machine
        self.state = state
        self.source = source
    }

    /// What stands for the state's work, checked.
    func mock(_ request: TestStateRequest) throws(TestStateError) -> MockedWork? {
        guard let mock = request.mock else {
            guard case .map = state.kind else {
                guard case .parallel = state.kind else { return try withoutMock(request) }
                throw Self.needsMock
            }
            throw Self.needsMock
        }
        switch state.kind {
        case .pass, .choice, .wait, .succeed, .fail:
            throw TestStateError(.validation, "State type '\(typeName)' is not supported when a mock is specified")
        case .task, .parallel, .map: break
        }
        if let result = mock.result {
            guard mock.error == nil, mock.cause == nil else {
                throw TestStateError(.validation, "A test can have either mock.result or mock.errorOutput, not both")
            }
            return .result(try checked(result, mock.fieldValidation))
        }
        return .failure(error: mock.error ?? "", cause: mock.cause ?? "")
    }

    private static var needsMock: TestStateError {
        TestStateError(
            .invalidDefinition,
            "TestState API does not support Map or Parallel states. Supported state types include:"
                + " [Task, Wait, Pass, Succeed, Fail, Choice]"
        )
    }

    private func withoutMock(_ request: TestStateRequest) throws(TestStateError) -> MockedWork? {
        guard request.context == nil else {
            throw TestStateError(.validation, "A Context object can only be given together with a mock")
        }
        guard case .task(let task) = state.kind else { return nil }
        if task.resource.arn.contains(":activity:") || task.resource.arn.contains(".waitForTaskToken")
            || task.resource.arn.contains(".sync")
        {
            throw TestStateError(.invalidDefinition, "The resource \(task.resource.arn) can only be tested with a mock")
        }
        return nil
    }

    private func checked(
        _ result: String,
        _ validation: TestStateRequest.FieldValidation
    ) throws(TestStateError) -> JSONDocument {
        guard let document = try? JSONDocument(parsing: result), let value = try? document.value() else {
            throw TestStateError(.validation, "Mocked result must be valid JSON")
        }
        switch state.kind {
        case .parallel(let parallel):
            let items = try array(value)
            guard items.count == parallel.branches.count else {
                throw TestStateError(
                    .validation,
                    "Mocked result must contain the same number of items as number of Parallel branches."
                )
            }
        case .map:
            if source["ResultWriter"] == nil {
                _ = try array(value)
            } else if value.object == nil {
                throw TestStateError(.validation, "Mocked result must be an object.")
            }
        case .task(let task):
            if validation != .none, let shape = ServiceShapes.result(of: task.resource.arn) {
                try shape.check(value, requiresFields: validation == .strict)
            }
        default: break
        }
        return document
    }

    private func array(_ value: JSONValue) throws(TestStateError) -> [JSONValue] {
        guard let items = value.array else { throw TestStateError(.validation, "Mocked result must be an array.") }
        return items
    }

    private var typeName: String { source["Type"]?.string ?? "" }
}

extension JSONValue {
    /// A state of a machine or scope, wherever it is nested. The depth of a valid definition is bounded.
    fileprivate func state(named name: String) -> JSONValue? {
        guard let states = self["States"]?.object else { return nil }
        if let state = states[name] { return state }
        for (_, state) in states {
            let scopes =
                (state["Branches"]?.array ?? []) + [state["ItemProcessor"], state["Iterator"]].compactMap(\.self)
            for scope in scopes {
                if let state = scope.state(named: name) { return state }
            }
        }
        return nil
    }
}
