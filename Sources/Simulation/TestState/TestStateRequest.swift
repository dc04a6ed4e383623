/// The test of one state, as the API's `TestState` asks for it.
package struct TestStateRequest: Sendable {
    /// How much of the way through the state is shown.
    package enum InspectionLevel: String, Sendable {
        case info = "INFO"
        case debug = "DEBUG"
        case trace = "TRACE"
    }

    /// How closely a mocked result must resemble what the service answers.
    package enum FieldValidation: String, Sendable {
        /// Fields have the right types and required ones are there.
        case strict = "STRICT"
        /// Fields that are there have the right types.
        case present = "PRESENT"
        case none = "NONE"
    }

    /// What stands for the state's work.
    package struct Mock: Sendable {
        /// JSON.
        package var result: String?
        package var error: String?
        package var cause: String?
        package var fieldValidation: FieldValidation

        package init(
            result: String? = nil,
            error: String? = nil,
            cause: String? = nil,
            fieldValidation: FieldValidation = .strict
        ) {
            self.result = result
            self.error = error
            self.cause = cause
            self.fieldValidation = fieldValidation
        }
    }

    /// A state, or with ``stateName`` a whole machine.
    package var definition: String
    package var stateName: String?
    /// JSON.
    package var input: String?
    /// A JSON object.
    package var variables: String?
    /// A JSON object that takes the place of the context object; only with a mock.
    package var context: String?
    package var inspectionLevel: InspectionLevel
    package var revealSecrets: Bool
    package var roleARN: String?
    package var mock: Mock?
    /// How often each retrier has been used already.
    package var retrierRetryCount: Int
    /// The state inside a Map or Parallel that the mocked error comes from.
    package var errorCausedByState: String?
    package var mapIterationFailureCount: Int
    /// JSON: what the `ItemReader` of a Map reads.
    package var mapItemReaderData: String?

    package init(definition: String, stateName: String? = nil, input: String? = nil, mock: Mock? = nil) {
        self.definition = definition
        self.stateName = stateName
        self.input = input
        self.mock = mock
        variables = nil
        context = nil
        inspectionLevel = .info
        revealSecrets = false
        roleARN = nil
        retrierRetryCount = 0
        errorCausedByState = nil
        mapIterationFailureCount = 0
        mapItemReaderData = nil
    }
}

/// Why a state is not tested.
package struct TestStateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of the API's error.
    package enum Code: String, Sendable, Hashable {
        case invalidDefinition = "InvalidDefinition"
        case invalidExecutionInput = "InvalidExecutionInput"
        case validation = "ValidationException"
    }

    package let code: Code
    package let message: String

    init(_ code: Code = .validation, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
