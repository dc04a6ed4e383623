import ArgumentParser
import Foundation
import FunctionHost
import Logging

/// Where functions are that run in processes of their own.
struct FunctionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder with a file functions.json, whose functions run in processes of their own.",
            discussion: "Without it: STEPWELL_FUNCTIONS.",
            valueName: "folder"
        )
    )
    var functions: String?

    /// The folder; nil if none is named.
    var folder: String? {
        let folder = functions ?? ProcessInfo.processInfo.environment["STEPWELL_FUNCTIONS"]
        return folder?.isEmpty == true ? nil : folder
    }

    /// The functions of the folder; nil if none is named.
    func host(logger: Logger) throws -> FunctionHost? {
        guard let folder else { return nil }
        do throws(FunctionHostError) {
            let region = ProcessInfo.processInfo.environment["AWS_REGION"] ?? "us-east-1"
            return try FunctionHost(folder: URL(filePath: folder), region: region, logger: logger)
        } catch {
            throw Failure(.refused, "\(error)", at: functions == nil ? "STEPWELL_FUNCTIONS" : "--functions")
        }
    }
}
