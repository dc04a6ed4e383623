import ArgumentParser
import Foundation
import JSON
import StatesLanguage

/// Reads definitions and says everything that is wrong with them.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check definitions without a database.",
        discussion: """
            Prints every problem with its place in the file. The exit status is 1 if a file has errors; warnings alone \
            leave it 0.

              stepwell validate orders.asl.json
            """
    )

    @Argument(help: "Definitions (JSON, or .yaml); - reads JSON from standard input.")
    var files: [String]

    @OptionGroup var output: OutputOptions

    func run() throws {
        let readings = try files.map { try DefinitionFile(reading: $0) }
        if output.json {
            Console.show(.array(readings.map(\.json)))
        } else {
            for reading in readings {
                reading.render().forEach { Console.show($0) }
            }
        }
        if readings.contains(where: { !$0.isDeployable }) { throw Failure.silent(.negative) }
    }
}
