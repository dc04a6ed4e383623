public import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a worker runs. Everything has a default; ``init(environment:)`` reads what the environment says.
public struct WorkerConfiguration: Sendable {
    /// Where the database is: `postgres://…` or `host=… dbname=…`. nil: `DATABASE_URL`, then libpq's own `PGHOST`,
    /// `PGDATABASE` …
    public var database: String?
    /// The schema that `stepwell migrate --schema` made, if it is not `stepwell`; nil: `STEPWELL_SCHEMA`, then that.
    public var schema: String?
    /// Where to LISTEN for hints when ``database`` leads through a pooler in transaction mode, which can't; nil: the same
    /// place.
    public var listenDatabase: String?
    /// The worker's name, unique among the live processes of a machine: a process that starts under the name of one that
    /// died takes over its work at once instead of when the leases end. nil: a name is made up.
    public var name: String?
    /// How many steps the worker has in hand at once, and so how many handlers run at once.
    public var concurrency = 1000
    /// How long a step stays this worker's without a sign of life: what it takes until others go on after a crash.
    /// At least one second.
    public var lease: Duration = .seconds(10)
    /// Whether to wait for PostgreSQL's notifications. Without them, or where they get lost, the worker looks for work
    /// once a second.
    public var usesNotifications = true
    /// Whether statements are prepared once per connection, and sent without waiting for the answers to those before.
    /// Behind a pooler in transaction mode that does not know prepared statements, such as PgBouncer before 1.21, neither
    /// works. Nil: unless there is a pooler in between.
    public var preparesStatements: Bool?
    /// How long running handlers may go on after a shutdown has begun. Then they are cancelled, and their steps given
    /// back for other workers to run again.
    public var shutdownTimeout: Duration = .seconds(25)
    /// How long the worker waits for the database when it starts. Once it runs, it waits as long as it takes.
    public var startTimeout: Duration = .seconds(60)
    /// A directory as object storage for the item readers and result writers of distributed Maps: buckets are its
    /// subdirectories, keys are paths below them. Nothing outside is ever opened. nil: S3, or what speaks its protocol,
    /// where `AWS_ENDPOINT_URL_S3` says.
    public var storageDirectory: String?
    /// The database that SQL queries of item readers run in, with a role that may read what definitions may read; nil:
    /// they are refused.
    public var itemDatabase: String?
    /// Where executions are written before they are forgotten, if the database asks for that (`stepwell retention
    /// --archive on`): a directory for files of compressed JSON lines. Without one this worker leaves it to others.
    public var archiveDirectory: String?
    /// How often, about, the worker looks for executions whose retention is over.
    public var maintenanceInterval: Duration = .seconds(600)
    /// Where the worker shows its metrics and its health over HTTP, `HOST:PORT`; nil: nowhere. Everybody who can reach the
    /// address can read them. The metrics also go to the backend that the program gives to swift-metrics' `MetricsSystem`
    /// before it starts the worker.
    public var metricsAddress: String?
    /// Where the worker logs, and what handlers' loggers are made of.
    public var logger = Logger(label: "stepwell")
    /// Called once, when the worker has found the database and begins to claim.
    package var onReady: (@Sendable () -> Void)?
    /// The environment that the other settings don't override: libpq's variables and systemd's.
    var environment: [String: String] = [:]

    /// The defaults, with the process's environment for what they leave open.
    public init() {
        environment = Self.processEnvironment
    }

    /// The defaults, changed by what the environment says:
    ///
    /// - `DATABASE_URL`, or libpq's `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER` … for ``database``
    /// - `STEPWELL_SCHEMA` for ``schema``
    /// - `STEPWELL_LISTEN_URL` for ``listenDatabase``
    /// - `STEPWELL_WORKER_NAME` for ``name``
    /// - `STEPWELL_CONCURRENCY` for ``concurrency``
    /// - `STEPWELL_LEASE_SECONDS` for ``lease``
    /// - `STEPWELL_NOTIFY` (`on` or `off`) for ``usesNotifications``
    /// - `STEPWELL_PREPARE` (`on` or `off`) for ``preparesStatements``
    /// - `STEPWELL_STORAGE_DIRECTORY` for ``storageDirectory``
    /// - `STEPWELL_ITEM_DATABASE_URL` for ``itemDatabase``
    /// - `STEPWELL_ARCHIVE_DIRECTORY` for ``archiveDirectory``
    /// - `STEPWELL_MAINTENANCE_SECONDS` for ``maintenanceInterval``
    /// - `STEPWELL_METRICS` for ``metricsAddress``
    /// - `STEPWELL_SHUTDOWN_SECONDS` for ``shutdownTimeout``
    /// - `STEPWELL_START_SECONDS` for ``startTimeout``
    ///
    /// What Tasks can call besides functions has no other place than the environment:
    ///
    /// - `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_SQS`, `…_DYNAMODB`, `…_LAMBDA` …: where AWS's services are, or what
    ///   speaks their protocols; a service without an endpoint is not called. With `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
    ///   `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. Functions that no worker offers are invoked at Lambda's endpoint.
    /// - `STEPWELL_CONNECTIONS_FILE`: the connections of HTTP Tasks, a JSON file that only its owner may read; without
    ///   it systemd's credential `connections.json`
    /// - `STEPWELL_HTTP_ALLOW`: addresses and ranges (`10.1.0.0/16,127.0.0.1`) that HTTP Tasks may reach although they are
    ///   not public
    ///
    /// - Parameter environment: nil: the process's own.
    /// - Throws: ``WorkerError`` naming the variable whose value makes no sense.
    public init(environment: [String: String]?) throws(WorkerError) {
        let environment = environment ?? Self.processEnvironment
        self.environment = environment
        func number(_ variable: String, _ range: ClosedRange<Int>) throws(WorkerError) -> Int? {
            guard let text = environment[variable], !text.isEmpty else { return nil }
            guard let number = Int(text), range.contains(number) else {
                throw WorkerError(
                    .configuration,
                    "\(variable)=\(text): expected a whole number from \(range.lowerBound) to \(range.upperBound)"
                )
            }
            return number
        }
        func text(_ variable: String) -> String? {
            environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        }
        schema = text("STEPWELL_SCHEMA")
        listenDatabase = text("STEPWELL_LISTEN_URL")
        name = text("STEPWELL_WORKER_NAME")
        storageDirectory = text("STEPWELL_STORAGE_DIRECTORY")
        itemDatabase = text("STEPWELL_ITEM_DATABASE_URL")
        archiveDirectory = text("STEPWELL_ARCHIVE_DIRECTORY")
        metricsAddress = text("STEPWELL_METRICS")
        if let number = try number("STEPWELL_CONCURRENCY", 1...10_000) { concurrency = number }
        if let number = try number("STEPWELL_LEASE_SECONDS", 1...86_400) { lease = .seconds(number) }
        if let number = try number("STEPWELL_SHUTDOWN_SECONDS", 0...86_400) { shutdownTimeout = .seconds(number) }
        if let number = try number("STEPWELL_START_SECONDS", 0...86_400) { startTimeout = .seconds(number) }
        if let number = try number("STEPWELL_MAINTENANCE_SECONDS", 1...86_400) {
            maintenanceInterval = .seconds(number)
        }
        func flag(_ variable: String) throws(WorkerError) -> Bool? {
            switch text(variable) {
            case nil: nil
            case "on": true
            case "off": false
            case let other?: throw WorkerError(.configuration, "\(variable)=\(other): expected on or off")
            }
        }
        if let flag = try flag("STEPWELL_NOTIFY") { usesNotifications = flag }
        if let flag = try flag("STEPWELL_PREPARE") { preparesStatements = flag }
    }

    /// Refuses what can't work.
    func check() throws(WorkerError) {
        guard (1...10_000).contains(concurrency) else {
            throw WorkerError(.configuration, "concurrency \(concurrency): expected 1 to 10000")
        }
        guard (.seconds(1)...(.seconds(86_400))).contains(lease) else {
            throw WorkerError(.configuration, "lease \(lease): expected one second to one day")
        }
        if let metricsAddress, MetricsEndpoint.parts(of: metricsAddress) == nil {
            throw WorkerError(.configuration, "metrics at \(metricsAddress): expected HOST:PORT")
        }
        if let name, name.isEmpty || name.utf8.count > 64 || name.utf8.contains(0) {
            throw WorkerError(.configuration, "the worker's name has \(name.utf8.count) bytes: expected 1 to 64")
        }
    }

    private static var processEnvironment: [String: String] { ProcessInfo.processInfo.environment }
}
