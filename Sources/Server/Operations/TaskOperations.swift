import JSON
import Store

/// Answers to tasks from outside.
enum TaskOperations {
    static let all = [success, failure, heartbeat]

    private static let success = Operation(
        "SendTaskSuccess",
        about: .nothing,
        [.required("taskToken", Constraints.taskToken), .required("output", .payload)]
    ) { call in
        let output: JSONDocument
        do {
            output = try JSONDocument(parsing: try call.arguments.required("output"))
        } catch let error as JSONSyntaxError {
            throw APIError.invalidOutput("\(error)")
        }
        try await call.store.sendTaskSuccess(token: try token(call), output: output)
        return [:]
    }

    private static let failure = Operation(
        "SendTaskFailure",
        about: .nothing,
        [
            .required("taskToken", Constraints.taskToken), .optional("error", Constraints.error),
            .optional("cause", Constraints.cause),
        ]
    ) { call in
        let (error, cause) = (call.arguments.text("error"), call.arguments.text("cause"))
        for text in [error, cause].compactMap(\.self) where text.utf8.contains(0) {
            throw APIError.validation("error and cause must not contain U+0000")
        }
        try await call.store.sendTaskFailure(token: try token(call), error: error, cause: cause)
        return [:]
    }

    private static let heartbeat = Operation(
        "SendTaskHeartbeat",
        about: .nothing,
        [.required("taskToken", Constraints.taskToken)]
    ) { call in
        try await call.store.sendTaskHeartbeat(token: try token(call))
        return [:]
    }

    /// A token is letters, digits, `-` and `_`: nothing else needs the database to be refused.
    private static func token(_ call: Call) throws(APIError) -> String {
        let token = try call.arguments.required("taskToken")
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .invalidToken }
        return token
    }
}
