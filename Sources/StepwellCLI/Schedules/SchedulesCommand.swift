import ArgumentParser

/// Creates, shows and changes schedules.
struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules",
        abstract: "Start executions, and call functions, at certain times.",
        discussion: """
            Expressions are those of EventBridge Scheduler. Workers start what is due: each due time once, however many \
            workers there are, and late rather than never when none was there.

              stepwell schedules create nightly 'cron(0 3 * * ? *)' --time-zone Asia/Seoul --machine CloseBooks
              stepwell schedules create poll 'rate(5 minutes)' --function check_stock --overlap skip
              stepwell schedules next nightly
            """,
        subcommands: [
            ScheduleCreateCommand.self, ScheduleListCommand.self, ScheduleDescribeCommand.self,
            ScheduleUpdateCommand.self, SchedulePauseCommand.self, ScheduleResumeCommand.self,
            ScheduleDeleteCommand.self, ScheduleNextCommand.self,
        ]
    )
}
