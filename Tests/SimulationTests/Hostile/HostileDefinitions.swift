extension HostileCase {
    private static let refused: Answer = .error(["Invalid State Machine Definition"])
    private static let failed: Answer = .error(["States.", "Invalid State Machine Definition"])

    private static func machine(_ states: String, startAt: String = "A", more: String = "") -> String {
        #"{"StartAt": "\#(startAt)", \#(more) "States": {\#(states)}}"#
    }

    private static let pass = #""A": {"Type": "Pass", "End": true}"#
    private static let work = #""Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true"#

    /// Definitions that are refused, and some that look worse than they are.
    static let definitions: [HostileCase] = graphs + names + fieldNumbers + misplaced

    private static let graphs: [HostileCase] = [
        .definition("Next to nowhere", machine(#""A": {"Type": "Pass", "Next": "B"}"#), refused),
        .definition(
            "Next to a state of another branch",
            machine(
                #"""
                "A": {"Type": "Parallel", "End": true, "Branches": [
                    {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "A"}}}]}
                """#
            ),
            refused
        ),
        .definition("StartAt nowhere", machine(pass, startAt: "B"), refused),
        .definition("no states", machine(""), refused),
        .definition("no StartAt", #"{"States": {"A": {"Type": "Succeed"}}}"#, refused),
        .definition("a state that nothing leads to", machine(pass + #", "B": {"Type": "Succeed"}"#), .either),
        .definition("Next and End", machine(#""A": {"Type": "Pass", "Next": "A", "End": true}"#), refused),
        .definition("neither Next nor End", machine(#""A": {"Type": "Pass"}"#), refused),
        .definition("no branches", machine(#""A": {"Type": "Parallel", "Branches": [], "End": true}"#), refused),
        .definition("no choices", machine(#""A": {"Type": "Choice", "Choices": []}"#), refused),
        .definition("no processor", machine(#""A": {"Type": "Map", "End": true}"#), refused),
        .definition("an empty branch", machine(#""A": {"Type": "Parallel", "Branches": [{}], "End": true}"#), refused),
        .definition(
            "ten thousand states",
            machine(
                (0..<10_000).map { #""s\#($0)": {"Type": "Pass", "Next": "s\#($0 + 1)"}"# }.joined(separator: ",")
                    + #", "s10000": {"Type": "Succeed"}"#,
                startAt: "s0"
            ),
            .either
        ),
        .definition(
            "a thousand choices",
            machine(
                #""A": {"Type": "Choice", "Default": "B", "Choices": ["#
                    + (0..<1_000).map { #"{"Variable": "$.a", "NumericEquals": \#($0), "Next": "B"}"# }
                    .joined(separator: ",")
                    + #"]}, "B": {"Type": "Succeed"}"#
            ),
            .fine
        ),
        .definition("Parallels a thousand deep", parallels(1_000), refused),
        .definition("Parallels a hundred deep", parallels(100), .either),
        .definition("Maps a thousand deep", maps(1_000), refused),
        .definition(
            "conditions a thousand deep",
            machine(
                #""A": {"Type": "Choice", "Choices": [{"Next": "B", "# + #""Not": {"# * 1_000
                    + #""Variable": "$.a", "IsNull": true"# + "}" * 1_000 + #"}]}, "B": {"Type": "Succeed"}"#
            ),
            refused
        ),
        .definition("a megabyte and a byte", machine(pass, more: #""Comment": "\#("x" * 1_048_576)","#), refused),
        .definition(
            "almost a megabyte of comment",
            machine(pass, more: #""Comment": "\#("x" * 1_000_000)","#),
            .either
        ),
        .definition(
            "ten thousand errors",
            machine(
                (0..<10_000).map { #""s\#($0)": {"Type": "Pass", "Next": "x\#($0)"}"# }.joined(separator: ","),
                startAt: "s0"
            ),
            refused
        ),
        .definition(
            "one state ten thousand times",
            "{\"StartAt\":\"A\",\"States\":{" + (pass + ",") * 9_999 + pass + "}}",
            refused
        ),
        .definition("an array", "[]", refused), .definition("a string", #""A""#, refused),
        .definition("null", "null", refused), .definition("nothing", "", refused),
        .definition("blanks", "   \n", refused), .definition("no JSON", "{", refused),
        .definition("a state that is a list", machine(#""A": []"#), refused),
        .definition("a state that is null", machine(#""A": null"#), refused),
        .definition("states that are a list", #"{"StartAt": "A", "States": []}"#, refused),
        .definition("a Type that there is not", machine(#""A": {"Type": "Loop", "End": true}"#), refused),
        .definition("a Type in lower case", machine(#""A": {"Type": "pass", "End": true}"#), refused),
        .definition("a Type that is a number", machine(#""A": {"Type": 1, "End": true}"#), refused),
        .definition("a query language that there is not", machine(pass, more: #""QueryLanguage": "SQL","#), refused),
        .definition("a version that there is not", machine(pass, more: #""Version": "2.0","#), refused),
    ]

    private static func parallels(_ depth: Int) -> String {
        var text = #"{"StartAt":"s\#(depth)","States":{"s\#(depth)":{"Type":"Succeed"}}}"#
        for level in (0..<depth).reversed() {
            text =
                #"{"StartAt":"s\#(level)","States":{"s\#(level)":{"Type":"Parallel","End":true,"Branches":["#
                + text + "]}}}"
        }
        return text
    }

    private static func maps(_ depth: Int) -> String {
        var text = #"{"StartAt":"s\#(depth)","States":{"s\#(depth)":{"Type":"Succeed"}}}"#
        for level in (0..<depth).reversed() {
            text =
                #"{"StartAt":"s\#(level)","States":{"s\#(level)":{"Type":"Map","End":true,"ItemProcessor":"#
                + text + "}}}"
        }
        return text
    }

    private static let names: [HostileCase] =
        [
            "n" * 80, "주문 처리", "\u{202E}evil", "👩‍👩‍👧‍👦", "__proto__", "constructor", "'; drop table steps; --", "a\\\"b",
            "$$", "%s%n",
        ]
        .map { name in
            .definition(
                "a state named \(name.prefix(20))",
                machine(#""\#(name)": {"Type": "Succeed"}"#, startAt: name),
                .either
            )
        }
        + [
            .definition(
                "a name of 81 characters",
                machine(#""\#("n" * 81)": {"Type": "Succeed"}"#, startAt: "n" * 81),
                refused
            ),
            .definition(
                "a name of a megabyte",
                machine(#""\#("n" * 900_000)": {"Type": "Succeed"}"#, startAt: "n"),
                refused
            ),
            .definition("the empty name", machine(#""": {"Type": "Succeed"}"#, startAt: ""), .either),
            .definition(
                "a name with U+0000",
                machine(#""a\u0000": {"Type": "Succeed"}"#, startAt: #"a\u0000"#),
                .either
            ),
        ]

    private static let fieldNumbers: [HostileCase] = {
        var cases: [HostileCase] = []
        let wrong = [
            "-1", "0.5", "1e300", "1e-5", "-1e300", "99999999999999999999", "null", #""5""#, "true", "[]", "{}",
        ]
        let fields: [(String, String)] = [
            ("Seconds", #""A": {"Type": "Wait", "Seconds": N, "End": true}"#),
            ("TimeoutSeconds", #""A": {"Type": "Task", "TimeoutSeconds": N, \#(work)}"#),
            ("HeartbeatSeconds", #""A": {"Type": "Task", "HeartbeatSeconds": N, \#(work)}"#),
            (
                "IntervalSeconds",
                #""A": {"Type": "Task", "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": N}], \#(work)}"#
            ),
            ("MaxAttempts", #""A": {"Type": "Task", "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": N}], \#(work)}"#),
            (
                "MaxDelaySeconds",
                #""A": {"Type": "Task", "Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": N}], \#(work)}"#
            ),
            (
                "MaxConcurrency",
                #""A": {"Type": "Map", "MaxConcurrency": N, "End": true, "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}}"#
            ),
        ]
        for (field, state) in fields {
            for number in wrong {
                cases.append(
                    .definition("\(field) of \(number)", machine(state.replacing("N", with: number)), refused)
                )
            }
        }
        for number in ["0", "0.5", "-1", "1e999", "null", #""2""#, "[]"] {
            let state = #""A": {"Type": "Task", "Retry": [{"ErrorEquals": ["E"], "BackoffRate": N}], \#(work)}"#
            cases.append(.definition("BackoffRate of \(number)", machine(state.replacing("N", with: number)), refused))
        }
        for number in ["-1", "101", "1e300", #""x""#, "null"] {
            let state =
                #""A": {"Type": "Map", "ToleratedFailurePercentage": N, "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "B", "States": {"B": {"Type": "Succeed"}}}}"#
            cases.append(
                .definition(
                    "ToleratedFailurePercentage of \(number)",
                    machine(state.replacing("N", with: number)),
                    refused
                )
            )
        }
        return cases
    }()

    private static let misplaced: [HostileCase] = [
        .definition(
            "States.ALL among others",
            machine(
                #""A": {"Type": "Task", "Retry": [{"ErrorEquals": ["E", "States.ALL"]}], \#(work)}"#
            ),
            refused
        ),
        .definition(
            "States.ALL before others",
            machine(
                #""A": {"Type": "Task", "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}], \#(work)}"#
            ),
            refused
        ),
        .definition(
            "no errors to retry",
            machine(
                #""A": {"Type": "Task", "Retry": [{"ErrorEquals": []}], \#(work)}"#
            ),
            refused
        ),
        .definition(
            "Retry of a Pass",
            machine(
                #""A": {"Type": "Pass", "Retry": [{"ErrorEquals": ["E"]}], "End": true}"#
            ),
            refused
        ),
        .definition(
            "a path that is none",
            machine(#""A": {"Type": "Pass", "InputPath": "$.[", "End": true}"#),
            refused
        ),
        .definition(
            "a path of a megabyte",
            machine(
                #""A": {"Type": "Pass", "InputPath": "$\#(".a" * 400_000)", "End": true}"#
            ),
            .either
        ),
        .definition(
            "a Resource that is none",
            machine(#""A": {"Type": "Task", "Resource": "x y", "End": true}"#),
            .either
        ),
        .definition(
            "a Resource of a megabyte",
            machine(
                #""A": {"Type": "Task", "Resource": "arn:\#("a" * 900_000)", "End": true}"#
            ),
            .either
        ),
        .definition(
            "JSONata that is none",
            machine(
                #""A": {"Type": "Pass", "Output": "{% ( %}", "End": true}"#,
                more: #""QueryLanguage": "JSONata","#
            ),
            refused
        ),
        .definition(
            "JSONata ten thousand parentheses deep",
            machine(
                #""A": {"Type": "Pass", "Output": "{% \#("(" * 10_000)1\#(")" * 10_000) %}", "End": true}"#,
                more: #""QueryLanguage": "JSONata","#
            ),
            refused
        ),
    ]

    /// Machines that can be deployed and should not do harm when they run.
    static let executions: [HostileCase] = loops + inputNumbers + timestamps + data

    /// Until somebody stops it, which nobody does.
    private static let exit = #"""
        "Until": {"Type": "Choice", "Default": "A", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "Z"}]},
        "Z": {"Type": "Succeed"}
        """#

    private static let loops: [HostileCase] = [
        .definition("a state that follows itself", machine(#""A": {"Type": "Pass", "Next": "A"}"#), refused),
        .definition(
            "a cycle that nothing leaves",
            machine(#""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}"#),
            refused
        ),
        .execution(
            "a cycle that nobody leaves",
            #""A": {"Type": "Pass", "Next": "Until"}, \#(exit)"#,
            .error(["States.Runtime"])
        ),
        .execution(
            "a cycle that grows",
            #""A": {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "Next": "Until"}, \#(exit)"#,
            .error(["States."])
        ),
        .execution(
            "a string that doubles",
            #"""
            "A": {"Type": "Pass", "Parameters": {"s.$": "States.Format('{}{}', $.s, $.s)"}, "Next": "Until"}, \#(exit)
            """#,
            input: #"{"s": "xx"}"#,
            .error(["States."])
        ),
        .execution(
            "a variable that doubles",
            #"""
            "A": {"Type": "Pass", "Assign": {"s": "{% $exists($s) ? $s & $s : 'xx' %}"}, "Output": {}, "Next": "B"},
            "B": {"Type": "Choice", "Default": "A", "Choices": [{"Condition": "{% $s = 'y' %}", "Next": "Z"}]},
            "Z": {"Type": "Succeed"}
            """#,
            more: #""QueryLanguage": "JSONata","#,
            .error(["States."])
        ),
        .execution(
            "a Map of a Map of a Map",
            #"""
            "A": {"Type": "Map", "End": true, "ItemsPath": "$.i", "ItemSelector": {"i.$": "$.i"},
                "ItemProcessor": {"StartAt": "B", "States": {
                "B": {"Type": "Map", "End": true, "ItemsPath": "$.i", "ItemProcessor": {"StartAt": "C", "States": {
                    "C": {"Type": "Pass", "End": true}}}}}}}
            """#,
            input: "{\"i\": [" + "1," * 49 + "1]}",
            .either
        ),
        .execution(
            "no choice fits",
            #""A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "B"}]}, "B": {"Type": "Succeed"}"#,
            input: #"{"a": 1}"#,
            .error(["States."])
        ),
        .execution(
            "a Fail that names what it should not",
            #""A": {"Type": "Fail", "Error": "States.Runtime", "Cause": "\u0000"}"#,
            .error(["States.Runtime"])
        ),
    ]

    private static let inputNumbers: [HostileCase] =
        ["-1", "0.5", "1e300", "1e18", "99999999999", #""5""#, "null", "[]", "{}", "true"]
        .flatMap { number -> [HostileCase] in
            [
                .execution(
                    "SecondsPath to \(number)",
                    #""A": {"Type": "Wait", "SecondsPath": "$.n", "End": true}"#,
                    input: #"{"n": \#(number)}"#,
                    number == #""5""# ? .either : failed
                ),
                .execution(
                    "Seconds by JSONata of \(number)",
                    #""A": {"Type": "Wait", "Seconds": "{% $states.input.n %}", "End": true}"#,
                    input: #"{"n": \#(number)}"#,
                    more: #""QueryLanguage": "JSONata","#,
                    failed
                ),
                .execution(
                    "MaxConcurrencyPath to \(number)",
                    #"""
                    "A": {"Type": "Map", "MaxConcurrencyPath": "$.n", "ItemsPath": "$.i", "End": true,
                        "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}}
                    """#,
                    input: #"{"n": \#(number), "i": [1]}"#,
                    .either
                ),
                .execution(
                    "TimeoutSecondsPath to \(number)",
                    #""A": {"Type": "Task", "TimeoutSecondsPath": "$.n", \#(work)}"#,
                    input: #"{"n": \#(number)}"#,
                    .either
                ),
            ]
        }

    private static let timestamps: [HostileCase] = [
        "2024-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999999-01-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01",
        "2016-12-31T23:59:60Z", "2024-01-01t00:00:00z", "2024-01-01T24:00:00Z", "2024-13-01T00:00:00Z", "", "now",
        "2024-01-01T00:00:00+99:00",
    ]
    .map { time in
        .execution(
            "TimestampPath to \(time)",
            #""A": {"Type": "Wait", "TimestampPath": "$.t", "End": true}"#,
            input: #"{"t": "\#(time)"}"#,
            failed
        )
    }

    private static let data: [HostileCase] = [
        .execution("an input that is no JSON", pass, input: "{", .error(["JSONSyntaxError"])),
        .execution("an input 513 deep", pass, input: "[" * 513 + "]" * 513, .error(["JSONSyntaxError"])),
        .execution("a path that leads nowhere", #""A": {"Type": "Pass", "InputPath": "$.no", "End": true}"#, failed),
        .execution(
            "a ResultPath through a number",
            #""A": {"Type": "Pass", "ResultPath": "$.a.b", "End": true}"#,
            input: #"{"a": 1}"#,
            .either
        ),
        .execution(
            "items that are no list",
            #"""
            "A": {"Type": "Map", "ItemsPath": "$.i", "End": true,
                "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}}
            """#,
            input: #"{"i": 7}"#,
            failed
        ),
        .execution(
            "an output over the limit",
            #"""
            "A": {"Type": "Pass", "Parameters": {"a.$": "$.s", "b.$": "$.s"}, "End": true}
            """#,
            input: #"{"s": "\#("x" * 200_000)"}"#,
            .error(["States.DataLimitExceeded"])
        ),
    ]
}
