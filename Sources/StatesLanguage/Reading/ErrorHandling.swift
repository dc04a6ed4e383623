import JSON

/// `Retry` and `Catch` of Task, Parallel and Map.
extension StateReader {
    func readRetriers() -> [Retrier] {
        let list = fields.nestedList("Retry") ?? []
        return list.enumerated()
            .compactMap { index, fields in
                fields.rejectOthers(than: .retrier)
                fields.require("ErrorEquals")
                _ = fields.string("Comment")
                let errors = fields.readErrorEquals(isLast: index == list.count - 1)
                let jitter = fields.oneOf("JitterStrategy", ["NONE", "FULL"])
                return Retrier(
                    errorEquals: errors,
                    intervalSeconds: fields.integer("IntervalSeconds", in: 0...MachineReader.longestSeconds) ?? 1,
                    maxAttempts: fields.integer("MaxAttempts", in: 0...MachineReader.longestSeconds) ?? 3,
                    backoffRate: fields.number("BackoffRate", in: 1...Double.greatestFiniteMagnitude) ?? 2,
                    maxDelaySeconds: fields.integer("MaxDelaySeconds", in: 1...31_622_400),
                    hasFullJitter: jitter == "FULL"
                )
            }
    }

    func readCatchers() -> [Catcher] {
        let list = fields.nestedList("Catch") ?? []
        return list.enumerated()
            .compactMap { index, fields in
                fields.rejectOthers(than: .catcher, language: language)
                fields.require("ErrorEquals", "Next")
                _ = fields.string("Comment")
                let errors = fields.readErrorEquals(isLast: index == list.count - 1)
                let parent = "Catch[\(index)]/"
                let resultPath = language == .jsonPath ? fields.resultPath("ResultPath") : .replace
                let output = language == .jsonata ? fields.jsonataTemplate("Output", below: parent) : nil
                let assign = fields.assignments(in: language, below: parent)
                return fields.string("Next")
                    .map {
                        Catcher(
                            errorEquals: errors,
                            next: $0,
                            resultPath: resultPath,
                            output: output,
                            assign: assign
                        )
                    }
            }
    }
}

extension FieldReader {
    /// `ErrorEquals`: not empty, and `States.ALL` only alone and last.
    fileprivate func readErrorEquals(isLast: Bool) -> [String] {
        let errors = nonEmptyStrings("ErrorEquals") ?? []
        if let index = errors.firstIndex(of: "States.ALL"), errors.count > 1 || !isLast {
            findings.error(
                "States.ALL must appear alone and at end of list",
                at: place.field("ErrorEquals").item(index)
            )
        }
        return errors
    }
}
