import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Creates, lists and deletes activities, and asks for their tasks.
struct ActivitiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activities",
        abstract: "Create activities, and ask for their tasks.",
        discussion: """
            A Task whose resource is arn:aws:states:REGION:ACCOUNT:activity:NAME waits until somebody asks for it and \
            answers with its token.

              stepwell activities create approve
              stepwell activities poll approve --worker-name anna --json
              stepwell task succeed TOKEN --result '{"approved": true}'
            """,
        subcommands: [
            ActivityCreateCommand.self, ActivityListCommand.self, ActivityDeleteCommand.self, ActivityPollCommand.self,
        ]
    )
}

struct ActivityCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create an activity.",
        discussion: """
            Creating one that exists changes nothing.

              stepwell activities create approve
            """
    )

    @Argument(help: "The activity's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let activity = try await database.withStore { try await $0.createActivity(name) }
        Console.show(activity.arn.printable)
    }
}

struct ActivityListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the activities by name.",
        discussion: """
              stepwell activities list
            """
    )

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let activities = try await database.withStore { store in
            var (activities, next) = try await store.activities(limit: 1000)
            while let after = next {
                let page = try await store.activities(limit: 1000, after: after)
                activities += page.activities
                next = page.next
            }
            return activities
        }
        if output.json {
            let listed = activities.map { activity -> JSONValue in
                [
                    "activityArn": .string(activity.arn), "name": .string(activity.name),
                    "creationDate": .string("\(activity.createdAt)"),
                ]
            }
            Console.show(["activities": .array(listed)])
        } else {
            guard !activities.isEmpty else { return Console.note("no activities") }
            var table = Table("CREATED", "ACTIVITY")
            for activity in activities { table.add(Table.Cell(activity.createdAt.displayText), "\(activity.name)") }
            table.show()
        }
    }
}

struct ActivityDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an activity.",
        discussion: """
            Tasks that reach it from now on fail; deleting one that does not exist changes nothing.

              stepwell activities delete approve
            """
    )

    @Argument(help: "The activity, by name or ARN.")
    var activity: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await database.withStore { try await $0.deleteActivity(activity) }
    }
}

struct ActivityPollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poll",
        abstract: "Ask for a task of an activity.",
        discussion: """
            Prints the task's token and its input. The exit status is 1 when none came in time.

              stepwell activities poll approve --worker-name anna
            """
    )

    @Argument(help: "The activity, by name or ARN.")
    var activity: String

    @Option(help: "Who asks; shown in the history.")
    var workerName: String?

    @Option(help: "How many seconds to wait for a task, 0 to 3600.")
    var wait = 60

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(0...3600).contains(wait) { throw ValidationError("--wait takes a number from 0 to 3600.") }
    }

    func run() async throws {
        let task = try await database.withStore { store in
            try await store.activityTask(activity, workerName: workerName, patience: .seconds(wait))
        }
        guard let task else {
            Console.note("no task")
            throw Failure.silent(.negative)
        }
        if output.json {
            Console.show(["taskToken": .string(task.token), "input": .string(task.input.text)])
        } else {
            Console.show(task.token)
            Console.show(task.input.displayText)
        }
    }
}
