import Expressions
import JSON
import StatesLanguage

/// What a Task asks a function for.
struct FunctionInvocation {
    /// `InvocationType` of `lambda:invoke`.
    enum Kind: String {
        case requestResponse = "RequestResponse"
        /// The function runs, and nobody looks at what comes of it.
        case event = "Event"
        /// Nothing runs.
        case dryRun = "DryRun"

        /// What Lambda answers.
        var status: Int {
            switch self {
            case .requestResponse: 200
            case .event: 202
            case .dryRun: 204
            }
        }
    }

    var function: FunctionReference
    var input: JSONDocument
    var kind = Kind.requestResponse
}

extension Run {
    /// The call that a resource and the Task's parameters mean.
    func invocation(_ resource: Resource, parameters: JSONDocument) throws(StateFailure) -> FunctionInvocation {
        if case .function(let function, _) = resource {
            return FunctionInvocation(function: function, input: parameters)
        }
        let given = try value(of: parameters)
        func refused(_ reason: String) -> StateFailure {
            StateFailure(
                runtime: "The Parameters '\(parameters.text)' could not be used to start the Task: [\(reason)]"
            )
        }
        guard let function = given["FunctionName"], function != .null else {
            throw refused("The field \"FunctionName\" is required but was missing")
        }
        guard var function = function.string.flatMap(FunctionReference.init) else {
            throw refused("The value for the field 'FunctionName' must be the name or the ARN of a function")
        }
        if let given = given["Qualifier"], given != .null {
            guard let qualifier = given.string, let named = FunctionReference("\(function.name):\(qualifier)") else {
                throw refused("The value for the field 'Qualifier' must be a version or an alias")
            }
            guard function.qualifier == nil || function == named else {
                throw refused("The derived qualifier from the function name does not match the specified qualifier.")
            }
            function = named
        }
        let type = given["InvocationType"]?.string
        guard let kind = type.map(FunctionInvocation.Kind.init(rawValue:)) ?? .requestResponse else {
            throw refused("The value for the field 'InvocationType' must be RequestResponse, Event or DryRun")
        }
        return FunctionInvocation(function: function, input: payload(given["Payload"]), kind: kind)
    }

    /// `Payload` as the function gets it: a string is the text itself where that is JSON, as in an HTTP request; without
    /// a payload, functions get an empty object.
    private func payload(_ payload: JSONValue?) -> JSONDocument {
        switch payload {
        case nil, .null: JSONDocument(.object([:]))
        case .string(let text): (try? JSONDocument(parsing: text)) ?? JSONDocument(.string(text))
        case .some(let value): JSONDocument(value)
        }
    }

    /// Calls a function, for the first time or again because the call was lost.
    mutating func call(_ invocation: FunctionInvocation, of state: State, _ resource: Resource) -> Step {
        if invocation.kind == .dryRun { return answered(invocation, of: state, resource, payload: nil) }
        guard !isOverdue else { return taskFailed(state, TaskEvents(resource).timedOut, .timeout, resource) }
        // A heartbeat of a Task that waits for a token names the token: it is not the function's.
        return .stop(
            .invoke(
                FunctionCall(
                    function: invocation.function.name,
                    qualifier: invocation.function.qualifier,
                    input: invocation.input,
                    timeoutSeconds: secondsLeft,
                    heartbeatSeconds: resource.waitsForToken ? nil : branch.heartbeatSeconds,
                    carriesToken: resource.waitsForToken
                )
            )
        )
    }

    /// Goes on with a Task whose function has been called.
    mutating func continueFunction(_ state: State, _ resource: Resource, on outcome: Outcome) -> Step {
        let invocation: FunctionInvocation
        do throws(StateFailure) {
            invocation = try self.invocation(resource, parameters: branch.taskInput ?? branch.input)
        } catch {
            return settle(error, in: state, resumingWith: .failure(error))
        }
        switch outcome {
        case .due: return call(invocation, of: state, resource)
        case .succeeded(let payload): return answered(invocation, of: state, resource, payload: payload)
        case .failed where invocation.kind == .event: return answered(invocation, of: state, resource, payload: nil)
        case .failed(let error, let cause):
            return concludeTask(state, resource, on: .failed(error: error, cause: self.cause(cause, of: resource)))
        case .timedOut, .heartbeatMissed: return concludeTask(state, resource, on: outcome)
        case .refused, .submitted, .joined, .branchFailed: return unexpected(outcome, in: state)
        }
    }

    /// The function has returned.
    private mutating func answered(
        _ invocation: FunctionInvocation,
        of state: State,
        _ resource: Resource,
        payload: JSONDocument?
    ) -> Step {
        if case .function = resource, let payload { return concludeTask(state, resource, on: .succeeded(payload)) }
        if let payload, !payload.fits(limits.payloadBytes) {
            return concludeTask(state, resource, on: .succeeded(payload))
        }
        let response = ServiceResponse.invocation(
            status: invocation.kind.status,
            version: executedVersion,
            payload: invocation.kind == .requestResponse ? payload : nil,
            requestID: requestID(),
            at: now
        )
        return resource.waitsForToken
            ? submitted(state, resource, response) : concludeTask(state, resource, on: .succeeded(response))
    }

    /// What a function says of its failure: verbatim when it was called directly, else without spacing.
    private func cause(_ cause: String, of resource: Resource) -> String {
        guard case .integration = resource, let document = try? JSONDocument(parsing: cause) else { return cause }
        return document.compactText
    }

    mutating func requestID() -> String { Intrinsic.uuid(random: &random) }
}
