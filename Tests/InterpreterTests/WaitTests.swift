import Expressions
import Interpreter
import JSON
import StatesLanguage
import Testing

@Suite struct WaitTests {
    @Test(
        arguments: [
            (#""Seconds": 60"#, [:], 60), (#""SecondsPath": "$.s""#, ["s": 5], 5),
            (#""Timestamp": "2023-11-14T22:13:50Z""#, [:], 30),
            (#""TimestampPath": "$.t""#, ["t": "2023-11-15T00:13:21+02:00"], 1),
            // A year and more, up to what 32 bits of seconds hold.
            (#""Seconds": 99999998"#, [:], 99_999_998), (#""SecondsPath": "$.s""#, ["s": 2_147_483_647], 2_147_483_647),
        ] as [(String, JSONValue, Int64)]
    )
    func pausesAndGoesOn(field: String, input: JSONValue, seconds: Int64) throws {
        let machine = try machine(startAt: "W", #""W": {"Type": "Wait", \#(field), "End": true}"#)
        var session = Session(machine, input: input)
        #expect(session.on(.due) == .pause(until: .start.adding(seconds: seconds), function: nil))
        #expect(session.branch.phase == .sleeping)
        #expect(session.on(.due, after: Double(seconds)) == .succeeded(input))
        #expect(session.types == [.waitStateEntered, .waitStateExited, .executionSucceeded])
    }

    @Test func namesTheFunctionThatComesNext() throws {
        let machine = try machine(
            startAt: "W",
            #"""
            "W": {"Type": "Wait", "Seconds": 9, "Next": "T"},
            "T": {"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "End": true}
            """#
        )
        var session = Session(machine)
        #expect(session.on(.due) == .pause(until: .start.adding(seconds: 9.0), function: "f"))
    }

    @Test(
        arguments: [
            (#""Seconds": 0"#, [:]), (#""SecondsPath": "$.s""#, ["s": 0]),
            (#""Timestamp": "2001-01-01T00:00:00Z""#, [:]), (#""TimestampPath": "$.t""#, ["t": "2023-11-14T22:13:20Z"]),
        ] as [(String, JSONValue)]
    )
    func aTimeThatHasComeIsNotWaitedFor(field: String, input: JSONValue) throws {
        let machine = try machine(startAt: "W", #""W": {"Type": "Wait", \#(field), "End": true}"#)
        var session = Session(machine, input: input)
        #expect(session.on(.due) == .succeeded(input))
    }

    @Test(
        arguments: [
            (#""SecondsPath": "$.s""#, [:], "The SecondsPath parameter does not reference an input value: $.s"),
            (#""SecondsPath": "$.s""#, ["s": -1], "The SecondsPath parameter references a negative value: $.s == -1"),
            (
                #""SecondsPath": "$.s""#, ["s": "x"],
                "The SecondsPath parameter cannot be parsed as a long value: $.s == x"
            ),
            (
                #""SecondsPath": "$.s""#, ["s": [1]],
                "The SecondsPath parameter cannot be parsed as a long value: $.s == [1]"
            ),
            (#""SecondsPath": "$.s""#, ["s": 2_147_483_648], "Wait state delay is too long."),
            (#""SecondsPath": "$.s""#, ["s": 9_223_372_036_854_775_807], "Wait state delay is too long."),
            (#""TimestampPath": "$.t""#, ["t": "9999-12-31T23:59:59Z"], "Wait state delay is too long."),
            (#""TimestampPath": "$.t""#, [:], "The TimestampPath parameter does not reference an input value: $.t"),
            (
                #""TimestampPath": "$.t""#, ["t": "2024-01-01"],
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string:"
                    + " $.t == 2024-01-01"
            ),
            (
                #""TimestampPath": "$.t""#, ["t": 7],
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string:"
                    + " $.t == 7"
            ),
        ] as [(String, JSONValue, String)]
    )
    func refuses(field: String, input: JSONValue, sentence: String) throws {
        let machine = try machine(startAt: "W", #""W": {"Type": "Wait", \#(field), "End": true}"#)
        var session = Session(machine, input: input)
        #expect(session.on(.due) == .proceed(function: nil))
        #expect(session.on(.due) == .runtimeError(in: "W", entered: 2, sentence))
    }
}
