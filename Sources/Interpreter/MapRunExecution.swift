import Expressions
import JSON
import StatesLanguage

/// The distributed Map: starting its map run, and coming back from it.
extension Run {
    mutating func startMapRun(
        _ state: State,
        _ map: MapState,
        _ distributed: DistributedMap
    ) throws(StateFailure) -> Step {
        let input = try effectiveInput(state)
        let maxConcurrency = try maxConcurrency(of: map, on: input)
        // What a reader brings is not known yet.
        let length =
            distributed.reader == nil ? try keyedItems(of: map, in: input, language: state.queryLanguage).count : 0
        append(.mapStateStarted, [.init("length", .integer(length))])
        do throws(StateFailure) {
            var run = MapRun(id: randomUUID(), arn: "")
            run.arn = mapRunARN(label: distributed.label, id: run.id)
            run.maxConcurrency = maxConcurrency
            try setTolerances(of: distributed, on: input, in: &run)
            run.maxItems = try integer(distributed.reader?.maxItems, "MaxItems", on: input)
            run.maxItemsPerBatch = try positive(distributed.batcher?.maxItems, "MaxItemsPerBatch", on: input)
            run.maxBytesPerBatch = try positive(distributed.batcher?.maxBytes, "MaxInputBytesPerBatch", on: input)
            if let template = distributed.batcher?.input {
                run.batchInput = try evaluate(template, seeing: .input(input))
            }
            if let reader = distributed.reader {
                run.readerParameters = try parameters(reader.parameters, on: input)
            }
            if let writer = distributed.writer, writer.exports {
                run.writerParameters = try parameters(writer.parameters, on: input)
            }
            append(.mapRunStarted, [.init("mapRunArn", .string(run.arn))])
            if let most = run.maxItems, most < 0 {
                return mapRunFailed(
                    state,
                    error: ErrorName.itemReaderFailed,
                    cause: "field MaxItems must be positive"
                )
            }
            if run.maxItems == 0 { run.maxItems = nil }
            branch.phase = .mapping
            branch.taskInput = run.document
            return .stop(.runMap)
        } catch {
            return settle(error, in: state, resumingWith: .failure(error))
        }
    }

    mutating func continueMapRun(_ state: State, on outcome: Outcome) -> Step {
        switch outcome {
        case .due: return .stop(.runMap)
        case .succeeded(let result): return mapRunSucceeded(state, result)
        case .failed(let error, let cause): return mapRunFailed(state, error: error, cause: cause)
        default: return unexpected(outcome, in: state)
        }
    }

    private mutating func mapRunSucceeded(_ state: State, _ result: JSONDocument) -> Step {
        branch.taskInput = nil
        guard result.fits(limits.payloadBytes) else {
            let failure = StateFailure(tooLargeAt: state.name, verb: "returned a result")
            append(.mapRunFailed, failure.details)
            return settle(failure, in: state, resumingWith: .failure(failure))
        }
        let started = branch.lastEvent
        let succeeded = append(.mapRunSucceeded)
        append(.mapStateSucceeded)
        // As recorded: the exit refers to the start of the run, unless the Map was the first state of all.
        let origin = branch.enteredEvent == .recorded(2) ? succeeded : started
        return conclude(state, result: result, origin: origin)
    }

    private mutating func mapRunFailed(_ state: State, error: String, cause: String) -> Step {
        branch.taskInput = nil
        let failure = StateFailure(error: error, cause: cause)
        append(.mapRunFailed, failure.details)
        return settle(failure, in: state, resumingWith: .failure(failure))
    }

    private mutating func parameters(_ template: Template?, on input: JSONDocument) throws(StateFailure) -> JSONValue {
        guard let template else { return [:] }
        return try evaluate(template, seeing: .input(input))
    }

    private func mapRunARN(label: String, id: String) -> String {
        execution.stateMachineARN.replacing(":stateMachine:", with: ":mapRun:", maxReplacements: 1)
            .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0] + "/\(label):\(id)"
    }

    /// A version 4 UUID.
    private mutating func randomUUID() -> String {
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            let number = random.next()
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        let digits = Array("0123456789abcdef")
        for (place, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(place) { text += "-" }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    // MARK: Limits

    mutating func setTolerances(
        of distributed: DistributedMap,
        on input: JSONDocument,
        in run: inout MapRun
    ) throws(StateFailure) {
        switch distributed.toleratedFailureCount {
        case nil: break
        case .constant(let count): run.toleratedFailureCount = count
        case .jsonata(let field):
            let count = try integer(field, from: .min, on: input)
            guard count >= 0 else {
                throw StateFailure(query: "ToleratedFailureCount cannot be negative.", location: field.field)
            }
            run.toleratedFailureCount = count
        case .path(let path):
            let count = try integer(at: path, "ToleratedFailureCount", on: input)
            guard count >= 0 else { throw StateFailure(runtime: "ToleratedFailureCount cannot be negative.") }
            run.toleratedFailureCount = count
        }
        switch distributed.toleratedFailurePercentage {
        case nil: break
        case .constant(let percentage): run.toleratedFailurePercentage = percentage
        case .jsonata(let field):
            let percentage = try evaluate(field, as: .number, seeing: .input(input)).number?.double ?? .nan
            guard (0...100).contains(percentage) else {
                throw StateFailure(
                    query: "ToleratedFailurePercentage must be between 0 and 100.",
                    location: field.field
                )
            }
            run.toleratedFailurePercentage = percentage
        case .path(let path):
            let value = try evaluate(path, on: input)
            guard let percentage = value.number?.double ?? value.string.flatMap(Double.init), percentage.isFinite else {
                throw StateFailure(
                    runtime:
                        "The ToleratedFailurePercentagePath field refers to value \"\(value.plainText)\" which is not a"
                        + " valid float: \(path.jsonPath)"
                )
            }
            guard (0...100).contains(percentage) else {
                throw StateFailure(runtime: "ToleratedFailurePercentage must be between 0 and 100.")
            }
            run.toleratedFailurePercentage = percentage
        }
    }

    private mutating func positive(
        _ field: IntegerField?,
        _ name: String,
        on input: JSONDocument
    ) throws(StateFailure) -> Int? {
        guard let number = try integer(field, name, on: input) else { return nil }
        guard number >= 0 else { throw StateFailure(runtime: "\(name) must be positive.") }
        return number == 0 ? nil : number
    }

    private mutating func integer(
        _ field: IntegerField?,
        _ name: String,
        on input: JSONDocument
    ) throws(StateFailure) -> Int? {
        switch field {
        case nil: nil
        case .constant(let number): number
        case .path(let path): try integer(at: path, name, on: input)
        case .jsonata(let field): try integer(field, from: .min, on: input)
        }
    }

    private mutating func integer(
        _ field: JSONataField,
        from minimum: Int64,
        on input: JSONDocument
    ) throws(StateFailure) -> Int {
        Int(try integer(field, in: minimum...Int64.max, seeing: .input(input)))
    }

    /// A number, or a text that is one: AWS has the same sentence for what is neither, whatever the field.
    func integer(at path: Path, _ name: String, on input: JSONDocument) throws(StateFailure) -> Int {
        let value = try evaluate(path, on: input)
        let number = value.number.flatMap { $0.isWrittenAsInteger ? $0.integer : nil }.flatMap(Int.init(exactly:))
        guard let integer = number ?? value.string.flatMap({ Int($0) }) else {
            throw StateFailure(
                runtime: "The \(name)Path field refers to value \"\(value.plainText)\" which is not a valid integer:"
                    + " \(path.jsonPath)"
            )
        }
        return integer
    }
}
