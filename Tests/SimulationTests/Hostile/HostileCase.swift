import Foundation
import JSON
import Testing

/// An input made to hurt, and what has to come of it.
struct HostileCase: Sendable {
    enum Kind: String, Sendable {
        case json, definition, execution, path, jsonata
    }

    /// How the answer has to begin.
    enum Answer: Sendable {
        case fine
        /// One of these names.
        case error([String])
        /// A value or a named error: which, is not what the case is about.
        case either
    }

    var kind: Kind
    var name: String
    var input: @Sendable () -> [UInt8]
    var answer: Answer
}

extension HostileCase {
    static func json(_ name: String, _ text: @autoclosure @escaping @Sendable () -> String, _ answer: Answer) -> Self {
        Self(kind: .json, name: name, input: { Array(text().utf8) }, answer: answer)
    }

    static func bytes(_ name: String, _ bytes: [UInt8], _ answer: Answer) -> Self {
        Self(kind: .json, name: name, input: { bytes }, answer: answer)
    }

    static func definition(
        _ name: String,
        _ text: @autoclosure @escaping @Sendable () -> String,
        _ answer: Answer
    ) -> Self {
        Self(kind: .definition, name: name, input: { Array(text().utf8) }, answer: answer)
    }

    static func execution(
        _ name: String,
        _ states: @autoclosure @escaping @Sendable () -> String,
        input: @autoclosure @escaping @Sendable () -> String = "{}",
        more: String = "",
        _ answer: Answer
    ) -> Self {
        Self(
            kind: .execution,
            name: name,
            input: {
                let definition = #"{"StartAt": "A", \#(more) "States": {\#(states())}}"#
                return Array(
                    JSONValue.object(["definition": .string(definition), "input": .string(input())]).text.utf8
                )
            },
            answer: answer
        )
    }

    static func path(
        _ name: String,
        _ text: @autoclosure @escaping @Sendable () -> String,
        input: @autoclosure @escaping @Sendable () -> JSONValue = [:],
        _ answer: Answer
    ) -> Self {
        expression(.path, name, text, input, answer)
    }

    static func jsonata(
        _ name: String,
        _ text: @autoclosure @escaping @Sendable () -> String,
        input: @autoclosure @escaping @Sendable () -> JSONValue = [:],
        _ answer: Answer
    ) -> Self {
        expression(.jsonata, name, text, input, answer)
    }

    private static func expression(
        _ kind: Kind,
        _ name: String,
        _ text: @escaping @Sendable () -> String,
        _ input: @escaping @Sendable () -> JSONValue,
        _ answer: Answer
    ) -> Self {
        Self(
            kind: kind,
            name: name,
            input: { Array(JSONValue.object(["text": .string(text()), "input": input()]).text.utf8) },
            answer: answer
        )
    }
}

extension String {
    static func * (text: String, count: Int) -> String { String(repeating: text, count: count) }
}
