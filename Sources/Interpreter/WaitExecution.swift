import Expressions
import JSON
import StatesLanguage

extension Run {
    mutating func wait(_ state: State, _ wait: WaitState) throws(StateFailure) -> Step {
        let input = try effectiveInput(state)
        show(input, as: .afterInputPath, in: state)
        let end = try self.end(of: wait, on: input)
        // AWS counts a delay in 32 bits.
        guard end <= now.adding(seconds: Int64(Int32.max)) else {
            throw StateFailure(runtime: "Wait state delay is too long.")
        }
        guard end > now else { return try leaveWait(state) }
        branch.phase = .sleeping
        let function: String? =
            if case .next(let name) = state.transition { machine.entryFunction(at: name) } else { nil }
        return .stop(.pause(until: end, function: function))
    }

    mutating func wakeUp(_ state: State) -> Step {
        do throws(StateFailure) {
            return try leaveWait(state)
        } catch {
            return settle(error, in: state, resumingWith: .work)
        }
    }

    private mutating func leaveWait(_ state: State) throws(StateFailure) -> Step {
        let input = try effectiveInput(state)
        let assigned = try assignments(state.data.assign, seeing: .input(input))
        let output = try output(of: state, from: input)
        return try leave(state, output: output, assigned: assigned, to: state.transition)
    }

    private mutating func end(of wait: WaitState, on input: JSONDocument) throws(StateFailure) -> Timestamp {
        switch wait {
        case .seconds(let seconds): return now.adding(seconds: Int64(seconds))
        case .secondsPath(let path): return now.adding(seconds: try seconds(at: path, named: "SecondsPath", on: input))
        case .timestamp(let timestamp): return timestamp
        case .timestampPath(let path):
            let value = try value(at: path, named: "TimestampPath", on: input)
            guard case .string(let text) = value, let timestamp = Timestamp(text) else {
                throw StateFailure(
                    runtime: "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time"
                        + " format string: \(path.jsonPath) == \(value.plainText)"
                )
            }
            return timestamp
        case .secondsExpression(let field):
            return now.adding(seconds: try integer(field, in: 0...99_999_999, seeing: .input(input)))
        case .timestampExpression(let field):
            let value = try evaluate(field, as: .string, seeing: .input(input))
            guard case .string(let text) = value, let timestamp = Timestamp(text) else {
                throw StateFailure(
                    query: "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format"
                        + " string: \(value.plainText)",
                    location: field.field
                )
            }
            return timestamp
        }
    }

    /// A number of seconds that stands at a path.
    func seconds(at path: Path, named field: String, on input: JSONDocument) throws(StateFailure) -> Int64 {
        let value = try value(at: path, named: field, on: input)
        guard let seconds = Int64(value.plainText) else {
            throw StateFailure(
                runtime:
                    "The \(field) parameter cannot be parsed as a long value: \(path.jsonPath) == \(value.plainText)"
            )
        }
        guard seconds >= 0 else {
            throw StateFailure(
                runtime: "The \(field) parameter references a negative value: \(path.jsonPath) == \(seconds)"
            )
        }
        return seconds
    }

    private func value(at path: Path, named field: String, on input: JSONDocument) throws(StateFailure) -> JSONValue {
        let scope = try scope(input, readsContext: path.readsContext)
        guard let value = try find(path, in: scope) else {
            throw StateFailure(runtime: "The \(field) parameter does not reference an input value: \(path.jsonPath)")
        }
        return value
    }
}

extension JSONValue {
    /// A string without quotes, anything else as JSON.
    var plainText: String { string ?? text }
}
