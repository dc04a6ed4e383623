import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Shows and changes what is set for functions.
struct FunctionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "Set what holds for a function, whoever runs it.",
        discussion: """
            Lambda's Invoke with InvocationType=Event, schedules and destinations call functions without waiting for \
            them. Such a call is made again when it has failed, until it is too old.

              stepwell functions put charge --retries 1 --maximum-age 1h --on-failure stateMachine:Refund
              stepwell functions put charge --reserved 20 --rate 100
              stepwell functions list

            Versions of a function in a folder are published once and for all; aliases lead to them.

              stepwell functions publish charge --functions functions/
              stepwell functions alias put charge live --version 3
            """,
        subcommands: [
            FunctionPutCommand.self, FunctionListCommand.self, FunctionDeleteCommand.self, FunctionPublishCommand.self,
            FunctionVersionsCommand.self, FunctionAliasCommand.self,
        ]
    )
}

struct FunctionPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Set what holds for a function.",
        discussion: """
            What is not said stays as it is; what a worker declares for its functions (functions.json) is set whenever \
            it starts. Destinations are function:NAME or stateMachine:NAME, or none.

              stepwell functions put charge --retries 0 --on-success function:notify
              stepwell functions put charge --on-success none
              stepwell functions put charge --fair-key '$.tenant' --priority '$.urgency'
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: "How often a call that nobody waits for is made again, 0 to 2 (default: 2).")
    var retries: Int?

    @Option(
        help: ArgumentHelp("How old such a call may become, 60s to 6h (default: 6h).", valueName: "time")
    )
    var maximumAge: Span?

    @Option(help: ArgumentHelp("What is called with the result of one that went well.", valueName: "destination"))
    var onSuccess: DestinationArgument?

    @Option(help: ArgumentHelp("What is called when one is given up.", valueName: "destination"))
    var onFailure: DestinationArgument?

    @Option(help: ArgumentHelp("How many calls run at once, all workers together; or none.", valueName: "number"))
    var reserved: LimitArgument?

    @Option(
        help: ArgumentHelp("How many calls begin in a second, all workers together; or none.", valueName: "number")
    )
    var rate: LimitArgument?

    @Option(
        help: ArgumentHelp(
            "Where in an event the key stands whose calls take turns with those of others ($.tenant); or none.",
            valueName: "path"
        )
    )
    var fairKey: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Where its priority stands, 0 to 9: all calls of a higher one go first; or none.",
            valueName: "path"
        )
    )
    var priority: PathArgument?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit = reserved?.limit, Int(exactly: limit) == nil {
            throw ValidationError("--reserved takes a whole number.")
        }
    }

    func run() async throws {
        let settings = try await database.withStore { store in
            var settings = try await store.functionSettings(name) ?? FunctionSettings()
            if let retries { settings.retries = retries }
            if let maximumAge { settings.maximumAge = Int(clamping: maximumAge.seconds) }
            if let onSuccess { settings.onSuccess = onSuccess.destination }
            if let onFailure { settings.onFailure = onFailure.destination }
            if let reserved { settings.reserved = reserved.limit.flatMap(Int.init(exactly:)) }
            if let rate { settings.rate = rate.limit }
            if let fairKey { settings.fairKey = fairKey.path }
            if let priority { settings.priority = priority.path }
            try await store.putFunction(name, settings)
            return settings
        }
        if output.json { return Console.show(settings.json(of: name)) }
        FunctionListCommand.show([(name, settings)])
    }
}

struct FunctionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the functions for which something is set.",
        discussion: """
            `stepwell workers` says which functions are offered.

              stepwell functions list
            """
    )

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let functions = try await database.withStore { try await $0.functions() }
        if output.json {
            return Console.show(["Functions": .array(functions.map { $0.settings.json(of: $0.name) })])
        }
        guard !functions.isEmpty else { return Console.note("nothing is set for any function") }
        Self.show(functions)
    }

    static func show(_ functions: [(name: String, settings: FunctionSettings)]) {
        var table = Table(
            "FUNCTION",
            "RETRIES",
            "MAXIMUM AGE",
            "ON SUCCESS",
            "ON FAILURE",
            "AT ONCE",
            "A SECOND",
            "FAIR BY",
            "PRIORITY"
        )
        for (name, settings) in functions {
            table.add(
                Table.Cell(name),
                Table.Cell("\(settings.retries)"),
                Table.Cell(RetentionTime.text(Int64(settings.maximumAge))),
                Table.Cell((settings.onSuccess?.description ?? "-").printable),
                Table.Cell((settings.onFailure?.description ?? "-").printable),
                Table.Cell(settings.reserved.map(String.init) ?? "-"),
                Table.Cell(settings.rate.map { "\($0)" } ?? "-"),
                Table.Cell((settings.fairKey ?? "-").printable),
                Table.Cell((settings.priority ?? "-").printable)
            )
        }
        table.show()
    }
}

struct FunctionDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Forget what is set for a function.",
        discussion: """
            Workers that offer it go on, and what is usual holds for it.

              stepwell functions delete charge
            """
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await database.withStore { try await $0.deleteFunction(name) }
    }
}

/// A destination as it is typed.
struct DestinationArgument: ExpressibleByArgument {
    /// Nil: none.
    var destination: Destination?

    init?(argument: String) {
        guard argument != "none" else { return }
        guard let destination = Destination(argument) else { return nil }
        self.destination = destination
    }
}

/// A path into events as it is typed.
struct PathArgument: ExpressibleByArgument {
    /// Nil: none.
    var path: String?

    init?(argument: String) { path = argument == "none" ? nil : argument }
}

/// A limit as it is typed.
struct LimitArgument: ExpressibleByArgument {
    /// Nil: none.
    var limit: Double?

    init?(argument: String) {
        guard argument != "none" else { return }
        guard let number = Double(argument), number.isFinite else { return nil }
        limit = number
    }
}

extension FunctionSettings {
    /// Lambda's `GetFunctionEventInvokeConfig`.
    func json(of name: String) -> JSONValue {
        var destinations: JSONObject = [:]
        if let onSuccess { destinations["OnSuccess"] = ["Destination": .string("\(onSuccess)")] }
        if let onFailure { destinations["OnFailure"] = ["Destination": .string("\(onFailure)")] }
        var object: JSONObject = [
            "FunctionName": .string(name), "MaximumRetryAttempts": .number(JSONNumber(retries)),
            "MaximumEventAgeInSeconds": .number(JSONNumber(maximumAge)), "DestinationConfig": .object(destinations),
        ]
        if let reserved { object["ReservedConcurrentExecutions"] = .number(JSONNumber(reserved)) }
        if let rate, let number = JSONNumber(rate) { object["Rate"] = .number(number) }
        if let fairKey { object["FairKey"] = .string(fairKey) }
        if let priority { object["Priority"] = .string(priority) }
        return .object(object)
    }
}
