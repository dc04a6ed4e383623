import ArgumentParser
import Foundation

@main
struct StepwellCLI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stepwell",
        abstract: "Run Amazon States Language workflows on PostgreSQL.",
        discussion: """
            A first look, in any directory (PostgreSQL has to be installed, not running):

              stepwell dev --deploy ProcessOrder.asl.json
              stepwell start ProcessOrder --input '{}' --wait

            The exit status is 0 if all went well, and otherwise:

              1   the answer is no: an invalid definition, an execution that failed
              2   refused: no such execution, a name that is taken, input that is not JSON
              3   the database, or a program that is needed, can't be used
              64  the command line can't be understood
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(
                name: "Running",
                subcommands: [
                    DevCommand.self, WorkerCommand.self, ServerCommand.self, KeysCommand.self, MigrateCommand.self,
                    RetentionCommand.self, SettingsCommand.self, DoctorCommand.self,
                ]
            ),
            CommandGroup(
                name: "Definition",
                subcommands: [
                    ValidateCommand.self, TestCommand.self, DiffCommand.self, DeployCommand.self, JSONataCommand.self,
                ]
            ),
            CommandGroup(
                name: "Execution",
                subcommands: [
                    StartCommand.self, DescribeCommand.self, WhyCommand.self, HistoryCommand.self, ListCommand.self,
                    StopCommand.self, RedriveCommand.self, TaskCommand.self, ActivitiesCommand.self,
                    SchedulesCommand.self,
                    FunctionsCommand.self,
                ]
            ),
            CommandGroup(name: "Watching", subcommands: [WatchCommand.self, WorkersCommand.self, QueueCommand.self]),
        ]
    )

    /// Runs the command line; every failure is reported here, and nowhere else.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            failure.report()
            Foundation.exit(failure.status.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
