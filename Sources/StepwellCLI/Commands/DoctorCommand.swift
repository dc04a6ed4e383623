import ArgumentParser
import Foundation
import JSON
import Postgres
import Store

/// Looks a database over.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what must hold, and what could go wrong.",
        discussion: """
            First the server, the schema and the queue, each finding with its remedy. Then the promises of Stepwell, read
            off the rows: I1 to I12, with the first executions that break one. It only reads; system and queue may run.

              stepwell doctor
              stepwell doctor --all --json

            With what clients were told, the promises to them are checked as well. The file has a line for each
            execution: its ARN (or MACHINE:NAME), or an object with "executionArn" and, where they are known,
            "startDate", "lastEvent" (the most events that were read) and "output" (of an undisturbed run, as text):

              stepwell doctor --acknowledged started.jsonl

            The exit status is 1 if a promise is broken or a finding is a problem; warnings leave it 0.
            """
    )

    @Option(help: "Check the executions that started in the last so many hours.")
    var hours = 24

    @Flag(help: "Check all executions, however old.")
    var all = false

    @Option(help: ArgumentHelp("Executions that clients know of, a line for each.", valueName: "file"))
    var acknowledged: String?

    @Flag(help: "Everything should have ended: whatever still runs breaks a promise.")
    var quiet = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000_000).contains(hours) else {
            throw ValidationError("--hours takes a number from 1 to 1000000.")
        }
    }

    func run() async throws {
        let acknowledged = try acknowledged.map { try AcknowledgedFile.read($0) }
        let configuration = try database.configuration()
        do throws(PostgresError) {
            // As everywhere: somebody who waits at a terminal is told at once.
            try await Connection.connect(configuration, logger: .quiet).close()
        } catch {
            throw Failure(error, database: configuration)
        }
        let checkup = Checkup(configuration, logger: .quiet)
        let report: DoctorReport
        do throws(StoreError) {
            report = try await look(checkup, acknowledged)
        } catch {
            await checkup.close()
            throw Failure(error, database: configuration)
        }
        await checkup.close()
        if output.json { Console.show(report.json) } else { report.show() }
        if !report.isWell { throw Failure.silent(.negative) }
    }

    private func look(_ checkup: Checkup, _ acknowledged: [Acknowledgement]?) async throws(StoreError) -> DoctorReport {
        let schema = try await checkup.schema()
        guard schema.level != .problem else { return DoctorReport(findings: [schema], invariants: []) }
        let findings = try await checkup.findings { Int64(Date().timeIntervalSince1970 * 1_000_000) }
        let invariants = try await checkup.invariants(
            hours: all ? nil : hours,
            acknowledged: acknowledged,
            isQuiet: quiet
        )
        return DoctorReport(findings: [schema] + findings, invariants: invariants)
    }
}
