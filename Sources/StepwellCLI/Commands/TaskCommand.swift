import ArgumentParser
import JSON
import Store

/// Answers for the work of a Task that waits for its token.
struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Answer a task that waits for its token.",
        discussion: """
            Tasks of activities, and those whose resource ends in .waitForTaskToken, go on when somebody answers with the \
            token that they handed out. A token can be answered once.

              stepwell task succeed TOKEN --result '{"approved": true}'
              stepwell task fail TOKEN --error Rejected --cause "too expensive"
              stepwell task heartbeat TOKEN
            """,
        subcommands: [TaskSucceedCommand.self, TaskFailCommand.self, TaskHeartbeatCommand.self]
    )
}

struct TaskSucceedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "succeed",
        abstract: "End a task with a result.",
        discussion: """
            The result is what the Task state goes on with.

              stepwell task succeed TOKEN --result '{"approved": true}'
            """
    )

    @Argument(help: "The task token.")
    var token: String

    @Option(help: "The result as JSON (default: {}).")
    var result: String?

    @Option(help: "A file with the result; - reads standard input.")
    var resultFile: String?

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        if result != nil && resultFile != nil { throw ValidationError("Give --result or --result-file, not both.") }
    }

    func run() async throws {
        let result = try InputFile.json(result, file: resultFile, option: "--result", what: "result")
        try await database.withStore { try await $0.sendTaskSuccess(token: token, output: result) }
    }
}

struct TaskFailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fail",
        abstract: "End a task with an error.",
        discussion: """
            The state's Retry and Catch know it by its name.

              stepwell task fail TOKEN --error Rejected --cause "too expensive"
            """
    )

    @Argument(help: "The task token.")
    var token: String

    @Option(help: "The error's name.")
    var error: String?

    @Option(help: "The error's cause.")
    var cause: String?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await database.withStore { try await $0.sendTaskFailure(token: token, error: error, cause: cause) }
    }
}

struct TaskHeartbeatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heartbeat",
        abstract: "Say that the work on a task goes on.",
        discussion: """
            The state's HeartbeatSeconds begin again.

              stepwell task heartbeat TOKEN
            """
    )

    @Argument(help: "The task token.")
    var token: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await database.withStore { try await $0.sendTaskHeartbeat(token: token) }
    }
}
