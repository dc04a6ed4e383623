public import Foundation
package import JSON
public import Logging
public import Stepwell

/// Functions in processes of their own, in any language: whatever speaks Lambda's Runtime API.
///
/// A folder has a file `functions.json`, which declares them, and a folder for each:
///
/// ```json
/// {"process_order": {"handler": "app.process_order"}, "thumbnail": {"memory": 512, "timeout": 30}}
/// ```
///
/// `process_order` is a Python function, run by Amazon's `awslambdaric`; `thumbnail` is whatever its executable file
/// `bootstrap` is. Each call has a process for itself, which takes the next call after that. A process that crashes, hangs
/// or takes more memory than it may ends with its call, and nothing else does; none outlives the worker.
///
/// ```swift
/// let host = try FunctionHost(folder: URL(filePath: "functions"), logger: logger)
/// let worker = Worker { host.functions }
/// try await worker.run()
/// await host.stop()
/// ```
public struct FunctionHost: Sendable {
    /// The functions, for a ``Stepwell/Worker``.
    public let functions: [Function]
    private let pools: [FunctionPool]
    private let region: String
    private let logger: Logger

    /// Reads a folder. Processes are started with the first calls.
    ///
    /// - Parameters:
    ///   - folder: where `functions.json` is.
    ///   - region: what functions are told as `AWS_REGION`.
    ///   - logger: takes what goes wrong with processes; what a call prints goes to the log of that call.
    /// - Throws: ``FunctionHostError`` naming the file, the function and the setting, or why there are no control groups
    ///   where `STEPWELL_CGROUPS` says that there should be.
    public init(folder: URL, region: String = "us-east-1", logger: Logger) throws(FunctionHostError) {
        let groups = try ControlGroups.find(in: ProcessInfo.processInfo.environment)
        try self.init(folder: folder, region: region, controlGroups: groups, logger: logger)
    }

    /// - Parameter controlGroups: where control groups for processes are made; nil: nowhere, they are watched.
    init(
        folder: URL,
        region: String = "us-east-1",
        controlGroups: ControlGroups?,
        logger: Logger
    ) throws(FunctionHostError) {
        var functions: [Function] = []
        var pools: [FunctionPool] = []
        let folder = folder.absoluteURL.standardizedFileURL
        for function in try HostedFunction.read(from: folder) + FunctionVersions.read(from: folder) {
            let pool = FunctionPool(function, region: region, controlGroups: controlGroups, logger: logger)
            pools.append(pool)
            // The pool keeps the time: a call's begins when the process has it.
            var offered = Function(
                name: function.version.map { "\(function.name):\($0)" } ?? function.name,
                concurrency: function.concurrency,
                timeout: nil,
                documents: { event, context in
                    try await pool.run(FunctionCall(event, context))
                }
            )
            offered.settings = function.settings
            if let version = function.version, let digest = function.digest {
                offered.release = .init(function: function.name, version: version, digest: digest)
            }
            functions.append(offered)
        }
        self.functions = functions
        self.pools = pools
        self.region = region
        self.logger = logger
    }

    /// Starts the processes that are declared as `provisioned`.
    public func provision() async {
        for pool in pools { await pool.provision() }
    }

    /// Calls a function without a worker and without a database.
    ///
    /// - Returns: nil: there is no such function.
    package func call(_ name: String, _ event: JSONDocument) async throws -> JSONDocument? {
        guard let place = functions.firstIndex(where: { $0.name == name }) else { return nil }
        return try await pools[place].run(FunctionCall(event, of: name, in: region, logger: logger))
    }

    /// Ends every process at once.
    public func stop() async {
        for pool in pools { await pool.stop() }
    }
}
