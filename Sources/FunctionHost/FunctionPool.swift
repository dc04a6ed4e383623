import JSON
import Logging
import Stepwell

/// The processes of one function. Each has one call at a time; one that has answered takes the next.
actor FunctionPool {
    private let function: HostedFunction
    private let region: String
    private let controlGroups: ControlGroups?
    private let logger: Logger
    /// The most recently used last: it is the next to be used.
    private var idle: [FunctionProcess] = []
    /// All that have not ended yet.
    private var all: [FunctionProcess] = []

    init(_ function: HostedFunction, region: String, controlGroups: ControlGroups?, logger: Logger) {
        self.function = function
        self.region = region
        self.controlGroups = controlGroups
        self.logger = logger
    }

    /// Starts the processes that should be there before the first call.
    func provision() async {
        while idle.count < function.provisioned {
            do {
                idle.append(try await start())
            } catch {
                return logger.error("A function's process can't be started", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Calls the function.
    ///
    /// - Throws: ``ReportedFailure`` in Lambda's words.
    func run(_ call: FunctionCall) async throws -> JSONDocument {
        let process = try await lease()
        let outcome = await process.run(call)
        giveBack(process)
        return try Self.reply(to: outcome, of: function, requestID: call.invocation.requestID)
    }

    /// Ends every process, and waits until nothing is left of any.
    func stop() async {
        idle = []
        let processes = all
        all = []
        for process in processes { process.stop() }
        for process in processes { await process.ended() }
    }

    private func lease() async throws -> FunctionProcess {
        while let process = idle.popLast() {
            // It may have ended since it was last used.
            if process.session.activity == .resting { return process }
        }
        do {
            return try await start()
        } catch {
            throw ReportedFailure(.invalidEntrypoint, "RequestId: - Error: the process can't be started: \(error)")
        }
    }

    private func start() async throws -> FunctionProcess {
        var logger = logger
        logger[metadataKey: "function"] = "\(function.name)"
        let process = try await FunctionProcess.start(
            function,
            region: region,
            controlGroups: controlGroups,
            logger: logger
        )
        all.removeAll(where: \.hasEnded)
        all.append(process)
        return process
    }

    private func giveBack(_ process: FunctionProcess) {
        if process.session.activity == .resting, process.countCall() < function.recycleAfter, !process.hasGrown {
            idle.append(process)
        } else {
            process.stop()
        }
    }

    private static func reply(
        to outcome: InvocationOutcome,
        of function: HostedFunction,
        requestID: String
    ) throws -> JSONDocument {
        let request = "RequestId: \(requestID) Error:"
        switch outcome {
        case .responded(let text):
            do throws(JSONSyntaxError) {
                return try JSONDocument(parsing: text)
            } catch {
                throw ReportedFailure(.marshalError, "\(request) the response is not JSON: \(error)")
            }
        case .failed(let type, let body): throw ReportedFailure(error: type, cause: body)
        case .tooLarge:
            throw ReportedFailure(
                .responseSizeTooLarge,
                "Response payload size exceeded maximum allowed payload size (\(RuntimeEndpoint.largestBody) bytes)."
            )
        case .ended(let how): throw ReportedFailure(.exitError, "\(request) Runtime exited with error: \(how)")
        case .timedOut:
            let seconds = "\(function.timeout.components.seconds).00"
            throw ReportedFailure(.timedOut, "\(request) Task timed out after \(seconds) seconds")
        case .cancelled: throw CancellationError()
        }
    }
}

/// Names of errors that Lambda itself reports of functions.
private enum LambdaError: String {
    case exitError = "Runtime.ExitError"
    case invalidEntrypoint = "Runtime.InvalidEntrypoint"
    case marshalError = "Runtime.MarshalError"
    case responseSizeTooLarge = "Function.ResponseSizeTooLarge"
    case timedOut = "Sandbox.Timedout"
}

extension ReportedFailure {
    fileprivate init(_ error: LambdaError, _ message: String) {
        let document = JSONValue.object(["errorType": .string(error.rawValue), "errorMessage": .string(message)])
        self.init(error: error.rawValue, cause: document.text)
    }
}
