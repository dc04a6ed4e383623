import ArgumentParser
import Foundation
import JSON
import Simulation
import StatesLanguage

/// Runs machines with mocked work, without a database.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Test definitions with mocked work.",
        discussion: """
            Runs a whole state machine in virtual time: waits and retries take no time, and every Task comes to what the \
            test says. A test file names the definition (a path from the test file) and has cases:

              {"definition": "Order.asl.json",
               "cases": {"pays after a retry": {
                 "input": {"id": 1},
                 "mocks": {
                   "Charge": [{"throw": {"error": "Busy", "cause": "later"}, "times": 2},
                              {"return": {"paid": true}}]},
                 "expect": {"status": "SUCCEEDED", "output": {"paid": true},
                            "path": ["Charge", "Ship"]}}}}

            mocks: by state, one answer or several for its calls in order; the last one stays. expect: status, output, \
            error, cause and path (the states that are entered, in order), whatever of them matters; without it the \
            execution must succeed. The mock file of Step Functions Local is understood too: as mocks \
            ("MockConfigFile.json#StateMachine/TestCase"), or as FILE together with --definition, and then the runs are \
            only shown.

              stepwell test order.test.json
              stepwell test MockConfigFile.json --definition Order.asl.json --case Happy

            The exit status is 1 if a case fails. State and branch coverage are those of all cases that ran.
            """
    )

    @Argument(help: "Test cases, or a mock file of Step Functions Local.")
    var file: String

    @Option(name: .customLong("case"), help: ArgumentHelp("Run this case only; can be repeated.", valueName: "name"))
    var cases: [String] = []

    @Option(help: ArgumentHelp("The definition that a mock file of Step Functions Local is about.", valueName: "file"))
    var definition: String?

    @Option(help: ArgumentHelp("Which machine of the mock file it is.", valueName: "name"))
    var machine: String?

    @Option(help: ArgumentHelp("The input of the mock file's cases (default: {}).", valueName: "json"))
    var input: String?

    @Option(help: ArgumentHelp("The same from a file.", valueName: "file"))
    var inputFile: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if input != nil, inputFile != nil { throw ValidationError("Give --input or --input-file, not both.") }
    }

    func run() throws {
        let suite = try TestSuite(self)
        var coverage = Coverage(of: suite.machine)
        var reports: [MachineTestReport] = []
        for test in suite.tests {
            let report = test.run(suite.machine, name: suite.name)
            coverage.add(report)
            reports.append(report)
        }
        if output.json {
            Console.show(TestReport.json(reports, coverage))
        } else {
            TestReport.lines(reports, coverage, showsRuns: suite.onlyShows).forEach { Console.show($0) }
        }
        if reports.contains(where: { !$0.problems.isEmpty }) { throw Failure.silent(.negative) }
    }
}
