import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell schedules")
struct SchedulesTests {
    @Test func fromCreationToDeletion() async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let definition = #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#
        _ = try await stepwell("deploy", stepwell.file("Close.asl.json", definition))
        let created = try await stepwell(
            "schedules",
            "create",
            "nightly",
            "cron(0 3 1 1 ? 2099)",
            "--time-zone",
            "Asia/Seoul",
            "--machine",
            "Close",
            "--input",
            #"{"a": 1}"#,
            "--overlap",
            "buffer-one",
            "--catch-up",
            "12h"
        )
        #expect(
            created.output == """
                schedule    nightly
                expression  cron(0 3 1 1 ? 2099)
                time zone   Asia/Seoul
                starts      Close
                state       ENABLED
                next        2098-12-31 18:00:00 UTC  (2099-01-01 03:00:00 +09:00)
                overlap     buffer-one
                catches up  12 hours
                input
                  {
                    "a": 1
                  }

                """,
            "\(created.errors)"
        )
        let listed = try await stepwell("schedules", "list")
        #expect(
            listed.output == """
                STATE    NEXT                     SCHEDULE  EXPRESSION            STARTS
                ENABLED  2098-12-31 18:00:00 UTC  nightly   cron(0 3 1 1 ? 2099)  Close

                """
        )
        _ = try await stepwell("schedules", "pause", "nightly")
        let paused = try await stepwell("schedules", "describe", "nightly", "--json")
        #expect(try paused.json["State"] as? String == "DISABLED")
        #expect(try paused.json["NextDue"] == nil)
        _ = try await stepwell("schedules", "resume", "nightly")
        let updated = try await stepwell(
            "schedules",
            "update",
            "nightly",
            "--expression",
            "at(2099-07-01T00:00:00)",
            "--function",
            "tidy_up",
            "--json"
        )
        #expect(try updated.json["NextDue"] as? String == "2099-06-30T15:00:00.000Z")
        #expect(try (updated.json["Target"] as? [String: Any])?["Arn"] as? String == "function tidy_up")
        let next = try await stepwell("schedules", "next", "nightly")
        #expect(next.output.contains("2099-06-30 15:00:00 UTC  2099-07-01 00:00:00 +09:00"))
        #expect(try await stepwell("schedules", "delete", "nightly").status == 0)
        #expect(try await stepwell("schedules", "list").errors == "no schedules\n")
        let gone = try await stepwell("schedules", "delete", "nightly")
        #expect(gone.status == 2 && gone.errors.contains("there is no schedule named 'nightly'"))
        let refused = try await stepwell("schedules", "create", "x", "cron(0 0 31 2 ? *)", "--machine", "Close")
        #expect(refused.status == 2 && refused.errors.contains("is not due at any time"))
    }

    @Test func anExpressionIsTriedOutWithoutADatabase() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let times = try await stepwell(
            "schedules",
            "next",
            "--expression",
            "cron(0 0 L 2 ? 2096-2104)",
            "--time-zone",
            "Europe/Berlin"
        )
        #expect(
            times.output.hasPrefix(
                "UTC                      Europe/Berlin\n2096-02-28 23:00:00 UTC  2096-02-29 00:00:00 +01:00\n"
            )
        )
        #expect(times.output.split(separator: "\n").count == 10)
        let refused = try await stepwell("schedules", "next", "--expression", "cron(0 0 * * * *)")
        #expect(refused.status == 2 && refused.errors.contains("one of day of month and day of week has to be ?"))
        let zone = try await stepwell("schedules", "next", "--expression", "rate(1 day)", "--time-zone", "Mars/Olympus")
        #expect(zone.status == 2 && zone.errors.contains("no time zone named"))
    }

    @Test(arguments: [
        ["create", "a", "rate(1 day)"], ["create", "a", "rate(1 day)", "--machine", "A", "--function", "b"],
        ["create", "a", "rate(1 day)", "--machine", "A", "--overlap", "never"],
        ["create", "a", "rate(1 day)", "--machine", "A", "--catch-up", "soon"],
        ["create", "a", "rate(1 day)", "--machine", "A", "--start", "tomorrow"], ["next"],
        ["next", "a", "--expression", "rate(1 day)"],
    ])
    func aCommandLineThatMakesNoSenseIsStatus64(arguments: [String]) async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        #expect(try await stepwell.run(["schedules"] + arguments).status == 64)
    }
}
