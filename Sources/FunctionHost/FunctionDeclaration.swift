import Foundation
import JSON
import Store

/// What `functions.json` says about one function. Everything may be left out.
struct FunctionDeclaration: Decodable, Sendable {
    /// How the function's processes are started.
    enum Runtime: String, Decodable, Sendable {
        /// Amazon's runtime client for Python, `awslambdaric`, with `handler`.
        case python3
        /// The file `bootstrap` in the function's folder.
        case provided
    }

    var runtime: Runtime?
    /// What the runtime calls: `module.function`.
    var handler: String?
    /// Where the function's files are, below the folder of `functions.json`; the function's name unless it is said.
    var folder: String?
    /// How many seconds a call may take.
    var timeout: Int?
    /// How many MB the processes of one call may have in memory together.
    var memory: Int?
    /// How many calls a worker runs at once, each in a process of its own.
    var concurrency: Int?
    /// How many processes are started before the first call.
    var provisioned: Int?
    /// After how many calls a process is replaced; never unless it is said.
    var recycleAfter: Int?
    /// How many MB a process may have in memory between calls; and how many percent more than after its tenth call. One
    /// that has more is replaced.
    var recycleAbove: Int?
    var recycleGrowth: Int?
    /// How many cores its processes may use, where there are control groups.
    var cpu: Double?
    var environment: [String: String]?
    /// Variables whose values stand in files: absolute paths, or `credential:NAME`.
    var secrets: [String: String]?
    /// The user that its processes run as; the worker's unless it is said.
    var user: String?
    /// Where its processes begin; its folder unless it is said.
    var workingFolder: String?
    /// For calls that nobody waits for: how often they are made again, how many seconds old they may become, and where
    /// their results go.
    var retries: Int?
    var maximumAge: Int?
    var onSuccess: String?
    var onFailure: String?
    /// How many calls run at once, and how many begin in a second, all workers together.
    var reserved: Int?
    var rate: Double?
    /// Where in an event its key and its priority stand: `$.tenant`. Calls of different keys take turns.
    var fairKey: String?
    var priority: String?
}

extension FunctionDeclaration {
    /// What it says for the whole installation; nil: nothing.
    fileprivate func settings() throws(FunctionHostError) -> FunctionSettings? {
        guard
            retries != nil || maximumAge != nil || onSuccess != nil || onFailure != nil || reserved != nil
                || rate != nil || fairKey != nil || priority != nil
        else { return nil }
        func destination(_ key: String, _ text: String?) throws(FunctionHostError) -> Destination? {
            guard let text else { return nil }
            guard let destination = Destination(text) else {
                throw FunctionHostError("\(key) is \"\(text)\": expected function:NAME, stateMachine:NAME or an ARN")
            }
            return destination
        }
        var settings = FunctionSettings()
        settings.retries = retries ?? settings.retries
        settings.maximumAge = maximumAge ?? settings.maximumAge
        settings.onSuccess = try destination("onSuccess", onSuccess)
        settings.onFailure = try destination("onFailure", onFailure)
        settings.reserved = reserved
        settings.rate = rate
        settings.fairKey = fairKey
        settings.priority = priority
        do throws(StoreError) {
            try settings.check()
        } catch {
            throw FunctionHostError("\(error)")
        }
        return settings
    }
}

/// A function that can be started: a declaration that was checked, with its defaults filled in.
struct HostedFunction: Sendable {
    let name: String
    /// The published version that this is, and the digest of its folder; nil: the function as it is now.
    var version: Int?
    var digest: String?
    let directory: URL
    let command: [String]
    let handler: String
    let timeout: Duration
    let memoryMegabytes: Int
    let concurrency: Int
    let provisioned: Int
    let recycleAfter: Int
    let recycleAbove: Int?
    let recycleGrowth: Int?
    let cores: Double?
    let environment: [String: String]
    let secrets: [Secret]
    let owner: ProcessOwner?
    let workingDirectory: URL
    /// What is set for the whole installation; nil: nothing.
    let settings: FunctionSettings?

    /// Lambda's own: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    private static let defaultTimeout = 3
    private static let defaultMemory = 128
    private static let defaultConcurrency = 10

    /// Reads `functions.json` of a folder.
    static func read(from folder: URL) throws(FunctionHostError) -> [HostedFunction] {
        let file = folder.appending(path: "functions.json")
        let declarations: [String: FunctionDeclaration]
        do {
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            let value = try JSONValue(parsing: text)
            try checkKeys(of: value)
            declarations = try JSONValueDecoder().decode([String: FunctionDeclaration].self, from: value)
        } catch let error as FunctionHostError {
            throw error.at(file.path)
        } catch let error as CocoaError {
            throw FunctionHostError("can't be read: \(error.localizedDescription)").at(file.path)
        } catch {
            throw FunctionHostError(JSONValueDecoder.describe(error)).at(file.path)
        }
        var functions: [HostedFunction] = []
        for (name, declaration) in declarations.sorted(by: { $0.key < $1.key }) {
            do throws(FunctionHostError) {
                functions.append(try HostedFunction(name, declaration, in: folder))
            } catch {
                throw error.at("\(file.path), \(name)")
            }
        }
        return functions
    }

    private static let keys: Set<String> = [
        "runtime", "handler", "folder", "timeout", "memory", "concurrency", "provisioned", "recycleAfter",
        "recycleAbove", "recycleGrowth", "cpu",
        "environment", "secrets", "user", "workingFolder", "retries", "maximumAge", "onSuccess", "onFailure",
        "reserved", "rate", "fairKey", "priority",
    ]

    /// A key that nobody reads is a mistake: its setting would silently not count.
    private static func checkKeys(of value: JSONValue) throws(FunctionHostError) {
        guard case .object(let functions) = value else {
            throw FunctionHostError("expected an object: {\"NAME\": {…}}")
        }
        for (name, declaration) in functions {
            guard case .object(let settings) = declaration else {
                throw FunctionHostError("\(name): expected an object")
            }
            for (key, _) in settings where !keys.contains(key) {
                throw FunctionHostError(
                    "\(name): unknown key \"\(key)\"; known are \(keys.sorted().joined(separator: ", "))"
                )
            }
        }
    }

    private init(_ name: String, _ declaration: FunctionDeclaration, in folder: URL) throws(FunctionHostError) {
        func checked(_ key: String, _ value: Int, _ range: ClosedRange<Int>) throws(FunctionHostError) -> Int {
            guard range.contains(value) else {
                throw FunctionHostError("\(key) is \(value): expected \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        guard name.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil else {
            throw FunctionHostError("a name has 1 to 64 letters, digits, _ and -")
        }
        self.name = name
        let below = declaration.folder ?? name
        guard !below.hasPrefix("/"), !below.split(separator: "/").contains("..") else {
            throw FunctionHostError("the folder \"\(below)\" is not below that of functions.json")
        }
        directory = folder.appending(path: below)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory.path, isDirectory: &isDirectory), isDirectory.boolValue
        else { throw FunctionHostError("there is no folder \(directory.path)") }
        timeout = .seconds(try checked("timeout", declaration.timeout ?? Self.defaultTimeout, 1...900))
        memoryMegabytes = try checked("memory", declaration.memory ?? Self.defaultMemory, 16...1_048_576)
        concurrency = try checked("concurrency", declaration.concurrency ?? Self.defaultConcurrency, 1...1_000)
        provisioned = try checked("provisioned", declaration.provisioned ?? 0, 0...concurrency)
        recycleAfter = try checked("recycleAfter", declaration.recycleAfter ?? Int.max, 1...Int.max)
        recycleAbove = try declaration.recycleAbove.map { (value) throws(FunctionHostError) in
            try checked("recycleAbove", value, 1...1_048_576)
        }
        recycleGrowth = try declaration.recycleGrowth.map { (value) throws(FunctionHostError) in
            try checked("recycleGrowth", value, 1...100_000)
        }
        if let cpu = declaration.cpu, !(0.01...1024).contains(cpu) {
            throw FunctionHostError("cpu is \(cpu): expected 0.01 to 1024")
        }
        cores = declaration.cpu
        environment = declaration.environment ?? [:]
        settings = try declaration.settings()
        for variable in Array(environment.keys) + Array((declaration.secrets ?? [:]).keys) {
            guard variable.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil, !variable.hasPrefix("AWS_LAMBDA_") else {
                throw FunctionHostError("\"\(variable)\" can't be a variable of a function's environment")
            }
        }
        var secrets: [Secret] = []
        let variables = ProcessInfo.processInfo.environment
        for (variable, place) in (declaration.secrets ?? [:]).sorted(by: { $0.key < $1.key }) {
            secrets.append(try Secret(variable, place, environment: variables))
        }
        self.secrets = secrets
        owner = try declaration.user.map { (name) throws(FunctionHostError) in try ProcessOwner(named: name) }
        let own = directory
        workingDirectory =
            declaration.workingFolder.map { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : own.appending(path: $0) }
            ?? own
        guard FileManager.default.fileExists(atPath: workingDirectory.path, isDirectory: &isDirectory),
            isDirectory.boolValue
        else { throw FunctionHostError("there is no folder \(workingDirectory.path)") }
        let bootstrap = directory.appending(path: "bootstrap").path
        switch declaration.runtime ?? (declaration.handler == nil ? .provided : .python3) {
        case .python3:
            guard let handler = declaration.handler, handler.contains(".") else {
                throw FunctionHostError("a Python function needs \"handler\": \"module.function\"")
            }
            self.handler = handler
            command = ["/usr/bin/env", "python3", "-m", "awslambdaric", handler]
        case .provided:
            guard FileManager.default.isExecutableFile(atPath: bootstrap) else {
                throw FunctionHostError("there is no executable file \(bootstrap); a Python function needs \"handler\"")
            }
            handler = declaration.handler ?? name
            command = [bootstrap]
        }
    }
}
