import JSON
import Store

/// What somebody types to see or do the same on a command line.
struct ShellCommand {
    let text: String

    /// A longer input is not put on a command line, in bytes.
    private static let mostInput = 8 << 10

    /// - Parameter host: by which the server was reached.
    static func of(_ description: ExecutionDescription, host: String) -> [ShellCommand] {
        let summary = description.summary
        let execution = quoted("\(summary.stateMachine):\(summary.name)")
        func aws(_ operation: String, _ arguments: String) -> String {
            "aws stepfunctions \(operation) --endpoint-url \(quoted("http://\(host)")) \(arguments)"
        }
        let arn = "--execution-arn \(quoted(summary.arn))"
        var lines = [
            "stepwell describe \(execution)", "stepwell history \(execution)", aws("describe-execution", arn),
            aws("get-execution-history", arn),
        ]
        if summary.status == .running {
            lines += ["stepwell why \(execution)", "stepwell stop \(execution)", aws("stop-execution", arn)]
        }
        if description.redriveStatus == .redrivable {
            lines += ["stepwell redrive \(execution)", aws("redrive-execution", arn)]
        }
        let input = description.input.text
        if !summary.stateMachine.contains("/"), input.utf8.count <= mostInput {
            lines += [
                "stepwell start \(quoted(summary.stateMachine)) --input \(quoted(input))",
                aws(
                    "start-execution",
                    "--state-machine-arn \(quoted(summary.stateMachineARN)) --input \(quoted(input))"
                ),
            ]
        }
        return lines.map(ShellCommand.init(text:))
    }

    /// One word for a shell, whatever stands in it.
    static func quoted(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ":", "/", ".", "_", ",", "@", "%", "+", "=": true
            // What begins with one is an option.
            case "-": text.first != "-"
            default: false
            }
        }
        guard !isPlain || text.isEmpty else { return text }
        // Scalar by scalar: an apostrophe with an accent on it is another character for Swift, and the same for a shell.
        var word = "'"
        for scalar in text.unicodeScalars {
            if scalar == "'" { word += #"'\''"# } else { word.unicodeScalars.append(scalar) }
        }
        return word + "'"
    }
}
