import Expressions
import Foundation
import Interpreter
import JSON
import Simulation
import StatesLanguage

/// Reads one input from its standard input, as the engine would, and says what came of it and what that cost: a process
/// of its own, because the input may be made to end it.
///
///     HostileInput json|definition|execution|path|jsonata
@main struct HostileInput {
    static func main() throws {
        let input = Array(FileHandle.standardInput.readDataToEndOfFile())
        let kind = CommandLine.arguments.dropFirst().first ?? ""
        let before = usage()
        let answer = answer(kind, input)
        let after = usage()
        let report: JSONValue = [
            "answer": .string(String(answer.prefix(400))),
            "cpu": .number(JSONNumber(Int((after.seconds - before.seconds) * 1000))),
            "megabytes": .number(JSONNumber((after.kilobytes - before.kilobytes) / 1024)),
        ]
        print(report.text)
    }

    private static func answer(_ kind: String, _ input: [UInt8]) -> String {
        switch kind {
        case "json": json(input)
        case "definition": definition(String(decoding: input, as: UTF8.self)).answer
        case "execution": execution(input)
        case "path": path(input)
        case "jsonata": jsonata(input)
        default: "there is no kind of input named \(kind)"
        }
    }

    private static func json(_ input: [UInt8]) -> String {
        do throws(JSONSyntaxError) {
            _ = try JSONValue(parsing: input)
            return "fine"
        } catch {
            return "JSONSyntaxError: \(error)"
        }
    }

    private static func definition(_ text: String) -> (answer: String, machine: StateMachine?) {
        let definition = Definition(parsing: text)
        if let refusal = definition.refusal { return (refusal, nil) }
        if let obstacle = definition.obstacles.first { return ("obstacle: \(obstacle.message)", nil) }
        return ("fine", definition.machine)
    }

    /// A definition and an input, of which the execution is run to its end in virtual time.
    private static func execution(_ input: [UInt8]) -> String {
        guard let request = try? JSONValue(parsing: input), let text = request["definition"]?.string,
            let given = request["input"]?.string
        else { return "the case is malformed" }
        let (answer, machine) = definition(text)
        guard let machine else { return answer }
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(parsing: given)
        } catch {
            return "JSONSyntaxError: \(error)"
        }
        let simulator = Simulator()
        simulator.limits = Limits(payloadBytes: 262_144, historyEvents: 25_000)
        let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:Hostile"
        let execution = simulator.start(.init(arn: arn, name: "Hostile", definition: machine), input: document)
        simulator.run(steps: 100_000)
        return switch execution.end {
        case nil: "it does not end"
        case .succeeded: "fine"
        case .failed(let error, let cause), .timedOut(let error, let cause): "\(error ?? ""): \(cause ?? "")"
        }
    }

    private static func path(_ input: [UInt8]) -> String {
        guard let request = try? JSONValue(parsing: input), let text = request["text"]?.string else {
            return "the case is malformed"
        }
        let expression: TemplateExpression
        do throws(ExpressionSyntaxError) {
            expression = try TemplateExpression(text)
        } catch {
            return "ExpressionSyntaxError: \(error)"
        }
        var random = SeededRandom(seed: 1)
        do throws(ExpressionError) {
            _ = try expression.evaluate(in: Scope(input: request["input"] ?? .null), random: &random)
            return "fine"
        } catch {
            return "\(error.error): \(error.cause)"
        }
    }

    private static func jsonata(_ input: [UInt8]) -> String {
        guard let request = try? JSONValue(parsing: input), let text = request["text"]?.string else {
            return "the case is malformed"
        }
        do throws(JSONataError) {
            let environment = JSONataEnvironment(now: Timestamp(microseconds: 1_700_000_000_000_000))
            _ = try JSONata(text).evaluate(input: request["input"], environment: environment)
            return "fine"
        } catch {
            return "\(error.code): \(error.reason)"
        }
    }

    private static func usage() -> (seconds: Double, kilobytes: Int) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        // Not `ru_maxrss`: what the parent had counts in it.
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = peak.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        return (seconds(usage.ru_utime) + seconds(usage.ru_stime), kilobytes)
    }
}
