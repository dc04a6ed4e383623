import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell --help")
struct HelpTests {
    @Test func listsTheCommandsAndTheExitStatuses() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("--help")
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                OVERVIEW: Run Amazon States Language workflows on PostgreSQL.

                A first look, in any directory (PostgreSQL has to be installed, not running):

                  stepwell dev --deploy ProcessOrder.asl.json
                  stepwell start ProcessOrder --input '{}' --wait

                The exit status is 0 if all went well, and otherwise:

                  1   the answer is no: an invalid definition, an execution that failed
                  2   refused: no such execution, a name that is taken, input that is not JSON
                  3   the database, or a program that is needed, can't be used
                  64  the command line can't be understood

                USAGE: stepwell <subcommand>

                OPTIONS:
                  --version               Show the version.
                  -h, --help              Show help information.

                RUNNING SUBCOMMANDS:
                  dev                     Run a private PostgreSQL and a worker until Ctrl-C.
                  worker                  Run a worker, with functions in any language.
                  server                  Serve the AWS Step Functions API over HTTP.
                  keys                    Create, list and revoke access keys of the server.
                  migrate                 Create or update the schema `stepwell` in a database.
                  retention               Show or change how long executions stay after they
                                          have ended.
                  settings                Show or change the limits of the whole installation.
                  doctor                  Check what must hold, and what could go wrong.

                DEFINITION SUBCOMMANDS:
                  validate                Check definitions without a database.
                  test                    Test definitions with mocked work.
                  diff                    Show what deploying a file would change.
                  deploy                  Create or update a state machine from a file.
                  jsonata                 Evaluate a JSONata expression.

                EXECUTION SUBCOMMANDS:
                  start                   Start an execution of a state machine, or thousands.
                  describe                Show an execution, and why it doesn't move.
                  why                     Say why an execution doesn't move.
                  history                 Show the events of an execution.
                  list                    List executions, newest first.
                  stop                    Abort an execution, or many.
                  redrive                 Go on with executions from where they failed.
                  task                    Answer a task that waits for its token.
                  activities              Create activities, and ask for their tasks.
                  schedules               Start executions, and call functions, at certain
                                          times.
                  functions               Set what holds for a function, whoever runs it.

                WATCHING SUBCOMMANDS:
                  watch                   Follow an execution until it ends, or the queue.
                  workers                 List workers, what they offer and have in hand.
                  queue                   Show how much there is to do, for each function.

                  See 'stepwell help <subcommand>' for detailed help.

                """
        )
    }

    @Test(
        arguments: [
            "dev", "worker", "server", "keys", "keys create", "keys list", "keys revoke", "migrate", "settings",
            "retention", "validate", "deploy", "jsonata", "start", "describe", "history", "list", "stop", "test",
            "task", "task succeed",
            "task fail", "task heartbeat", "activities", "activities create", "activities list", "activities delete",
            "activities poll", "schedules", "schedules create", "schedules list", "schedules describe",
            "schedules update",
            "schedules pause", "schedules resume", "schedules delete", "schedules next", "functions", "functions put",
            "functions list",
            "functions delete", "redrive", "why", "workers",
            "queue", "diff", "watch",
        ]
    )
    func everyCommandExplainsItselfWithinEightyColumns(command: String) async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\n  stepwell \(command)"), "an example")
        let usage = outcome.output.components(separatedBy: "\nUSAGE: ")[0]
        #expect(!usage.split(separator: "\n").contains { $0.count > 80 })
    }

    @Test(
        arguments: [
            [], ["frobnicate"], ["start"], ["start", "A", "--input", "1", "--input-file", "f"],
            ["list", "--limit", "0"],
            ["list", "--status", "done"], ["migrate", "--buckets", "0"], ["history", "A:b", "--limit", "0"],
            ["deploy", "-"],
        ]
    )
    func aCommandLineThatMakesNoSenseIsStatus64(arguments: [String]) async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell.run(arguments)
        #expect(outcome.status == (arguments.isEmpty ? 0 : 64))
        #expect((arguments.isEmpty ? outcome.output : outcome.errors).contains("stepwell"))
    }
}
