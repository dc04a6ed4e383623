import JSON
import StatesLanguage

extension Run {
    /// What `states:startExecution` is told.
    struct ChildRequest {
        var stateMachine: String
        var name: String?
        /// nil: a string that is not JSON.
        var input: JSONDocument?
    }

    func childRequest(parameters: JSONDocument) throws(StateFailure) -> ChildRequest {
        let given = try value(of: parameters)
        guard let stateMachine = given["StateMachineArn"]?.string else {
            throw StateFailure(
                runtime: "The Parameters '\(parameters.text)' could not be used to start the Task:"
                    + " [The field \"StateMachineArn\" is required but was missing]"
            )
        }
        return ChildRequest(
            stateMachine: stateMachine,
            name: given["Name"]?.string,
            input: childInput(given["Input"])
        )
    }

    /// Asks for a child execution.
    mutating func start(_ child: ChildRequest, for state: State, _ resource: Resource) -> Step {
        guard let input = child.input else {
            let failure = StateFailure(
                error: ErrorName.invalidExecutionInput,
                cause: "Invalid State Machine Execution Input: the string is not JSON"
            )
            return taskFailed(state, .taskFailed, failure, resource)
        }
        return .stop(
            .startExecution(
                ChildStart(
                    stateMachine: child.stateMachine,
                    name: child.name,
                    input: input,
                    isAwaited: resource.waitsForExecution
                )
            )
        )
    }

    /// `Input` as the child gets it: a string is the text itself, which must be JSON; anything else is written out.
    private func childInput(_ input: JSONValue?) -> JSONDocument? {
        switch input {
        case nil, .null: JSONDocument(.object([:]))
        case .string(let text): try? JSONDocument(parsing: text)
        case .some(let value): JSONDocument(value)
        }
    }

    /// Goes on with a Task that has asked for a child execution.
    mutating func continueChild(_ state: State, _ resource: Resource, on outcome: Outcome) -> Step {
        switch outcome {
        case .submitted(let answer): return submitted(state, resource, startResponse(answer))
        case .succeeded(let answer) where resource.waitsForToken:
            return submitted(state, resource, startResponse(answer))
        case .succeeded(let answer): return concludeTask(state, resource, on: .succeeded(startResponse(answer)))
        default: return concludeTask(state, resource, on: outcome)
        }
    }

    private mutating func startResponse(_ answer: JSONDocument) -> JSONDocument {
        guard let members = try? value(of: answer) else { return answer }
        return ServiceResponse.executionStart(members, requestID: requestID(), at: now)
    }
}

extension Resource {
    /// How a Task shows the execution that it has waited for: `.sync` keeps input and output as JSON text, `.sync:2` has
    /// them as JSON.
    func shown(_ execution: JSONDocument) -> JSONDocument {
        guard case .integration(let integration) = self, integration.pattern == .sync2,
            case .object(var members)? = try? execution.value()
        else { return execution }
        for name in ["Input", "Output"] {
            guard let text = members[name]?.string, let value = try? JSONValue(parsing: text) else { continue }
            members[name] = value
        }
        return JSONDocument(.object(members))
    }
}
