import Foundation
import JSON
import Simulation
import Store

/// Testing one state.
enum TestStateOperation {
    static let all = [test]

    private static let test = Operation(
        "TestState",
        about: .nothing,
        [
            .required("definition", Constraints.definition), .optional("roleArn", Constraints.arn),
            .optional("input", Constraint.sensitiveData),
            .optional("inspectionLevel", .choice(["INFO", "DEBUG", "TRACE"])), .optional("revealSecrets", .boolean),
            .optional("variables", Constraint.sensitiveData), .optional("stateName", .text(1...80, isSensitive: true)),
            .optional("mock", mock), .optional("context", Constraint.sensitiveData),
            .optional("stateConfiguration", stateConfiguration),
        ]
    ) { call in
        let now = call.services.now()
        do {
            var test = try TestState(
                try request(call.arguments),
                region: call.store.settings.region,
                account: call.store.settings.account,
                now: now,
                makeID: { UUID().uuidString.lowercased() }
            )
            var random = SystemRandomNumberGenerator()
            guard case .finished(let response) = try test.advance(now: now, random: &random) else {
                throw APIError.validation("Nothing is called in a test here: give the Task a mock")
            }
            return response.json
        } catch let error as TestStateError {
            throw APIError(.init(error.code.rawValue), error.message)
        }
    }

    private static let mock = Constraint.structure([
        .optional("result", Constraint.sensitiveData),
        .optional(
            "errorOutput",
            .structure([.optional("error", Constraints.error), .optional("cause", Constraints.cause)])
        ), .optional("fieldValidationMode", .choice(["STRICT", "PRESENT", "NONE"])),
    ])

    private static let stateConfiguration = Constraint.structure([
        .optional("retrierRetryCount", .integer(0...Int.max)),
        .optional("errorCausedByState", .text(1...80, isSensitive: true)),
        .optional("mapIterationFailureCount", .integer(0...Int.max)),
        .optional("mapItemReaderData", Constraint.sensitiveData),
    ])

    private static func request(_ arguments: Arguments) throws(APIError) -> TestStateRequest {
        var request = TestStateRequest(
            definition: try arguments.required("definition"),
            stateName: arguments.text("stateName"),
            input: arguments.text("input")
        )
        if let mock = arguments.structure("mock") {
            request.mock = TestStateRequest.Mock(
                result: mock["result"]?.string,
                error: mock["errorOutput"]?["error"]?.string,
                cause: mock["errorOutput"]?["cause"]?.string,
                fieldValidation: mock["fieldValidationMode"]?.string.flatMap(TestStateRequest.FieldValidation.init)
                    ?? .strict
            )
        }
        request.variables = arguments.text("variables")
        request.context = arguments.text("context")
        request.inspectionLevel =
            arguments.text("inspectionLevel").flatMap(TestStateRequest.InspectionLevel.init) ?? .info
        request.revealSecrets = arguments.flag("revealSecrets")
        request.roleARN = try arguments.text("roleArn").map(StateMachineOperations.role)
        let configuration = Arguments(object: arguments.structure("stateConfiguration") ?? [:])
        request.retrierRetryCount = configuration.integer("retrierRetryCount") ?? 0
        request.errorCausedByState = configuration.text("errorCausedByState")
        request.mapIterationFailureCount = configuration.integer("mapIterationFailureCount") ?? 0
        request.mapItemReaderData = configuration.text("mapItemReaderData")
        return request
    }
}
