import Expressions
import JSON
import Store

/// What clients were told of executions, a line for each: an ARN, or an object with more.
enum AcknowledgedFile {
    /// - Throws: `Failure` that names the line which can't be read.
    static func read(_ file: String) throws(Failure) -> [Acknowledgement] {
        var acknowledged: [Acknowledgement] = []
        var number = 0
        for line in try InputFile.read(file).split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let line = String(line.last == "\r" ? line.dropLast() : line)
            guard !line.isEmpty else { continue }
            acknowledged.append(try parse(line, at: "\(file):\(number)"))
        }
        return acknowledged
    }

    private static func parse(_ line: String, at place: String) throws(Failure) -> Acknowledgement {
        guard line.utf8.first == UInt8(ascii: "{") else { return try acknowledgement(line, at: place) }
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw Failure(.refused, "the line is not JSON: \(error.reason)", at: place)
        }
        var acknowledgement = try acknowledgement(value["executionArn"]?.string ?? "", at: place)
        if let text = value["startDate"] {
            guard let time = text.string.flatMap({ Timestamp($0) }) else {
                throw Failure(.refused, "\"startDate\" is no time such as 2026-11-28T04:00:00Z", at: place)
            }
            acknowledgement.startedAt = time.microseconds
        }
        if let number = value["lastEvent"] {
            guard let last = number.number?.integer, (1...Int64(Int32.max)).contains(last) else {
                throw Failure(.refused, "\"lastEvent\" is no number of events", at: place)
            }
            acknowledgement.lastEvent = Int(last)
        }
        if let output = value["output"] {
            guard let text = output.string else {
                throw Failure(.refused, "\"output\" is the output's JSON text, as a string", at: place)
            }
            acknowledgement.output = text
        }
        return acknowledgement
    }

    private static func acknowledgement(_ execution: String, at place: String) throws(Failure) -> Acknowledgement {
        guard let names = Settings.executionNames(execution) else {
            throw Failure(.refused, "this names no execution; expected an ARN or MACHINE:NAME", at: place)
        }
        return Acknowledgement(machine: names.machine, name: names.execution)
    }
}
