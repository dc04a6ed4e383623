/// Which fields a state of some type may have in which language.
struct StateFields {
    let both: Set<String>
    let jsonPath: Set<String>
    let jsonata: Set<String>

    func allowed(in language: QueryLanguage) -> Set<String> {
        both.union(language == .jsonPath ? jsonPath : jsonata)
    }

    private init(_ both: [String], jsonPath: [String] = [], jsonata: [String] = []) {
        self.both = Set(both)
        self.jsonPath = Set(jsonPath)
        self.jsonata = Set(jsonata)
    }

    private static let common = ["Type", "Comment", "QueryLanguage"]
    private static let transition = ["Next", "End"]
    private static let errors = ["Retry", "Catch"]

    static let pass = StateFields(
        common + transition + ["Assign"],
        jsonPath: ["InputPath", "OutputPath", "Parameters", "ResultPath", "Result"],
        jsonata: ["Output"]
    )
    static let task = StateFields(
        common + transition + errors
            + ["Assign", "Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"],
        jsonPath: [
            "InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector", "TimeoutSecondsPath",
            "HeartbeatSecondsPath",
        ],
        jsonata: ["Arguments", "Output"]
    )
    static let choice = StateFields(
        common + ["Choices", "Default", "Assign"],
        jsonPath: ["InputPath", "OutputPath"],
        jsonata: ["Output"]
    )
    static let wait = StateFields(
        common + transition + ["Assign", "Seconds", "Timestamp"],
        jsonPath: ["InputPath", "OutputPath", "SecondsPath", "TimestampPath"],
        jsonata: ["Output"]
    )
    static let succeed = StateFields(common, jsonPath: ["InputPath", "OutputPath"], jsonata: ["Output"])
    static let fail = StateFields(common + ["Error", "Cause"], jsonPath: ["ErrorPath", "CausePath"])
    static let parallel = StateFields(
        common + transition + errors + ["Assign", "Branches"],
        jsonPath: ["InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector"],
        jsonata: ["Arguments", "Output"]
    )
    static let map = StateFields(
        common + transition + errors
            + [
                "Assign", "ItemProcessor", "Iterator", "ItemSelector", "MaxConcurrency", "Label", "ItemReader",
                "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "ToleratedFailurePercentage",
            ],
        jsonPath: [
            "InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector", "ItemsPath", "MaxConcurrencyPath",
            "ToleratedFailureCountPath", "ToleratedFailurePercentagePath",
        ],
        jsonata: ["Items", "Output"]
    )

    static let machine = StateFields(["Comment", "QueryLanguage", "StartAt", "States", "Version", "TimeoutSeconds"])
    static let branch = StateFields(["Comment", "StartAt", "States"])
    static let itemProcessor = StateFields(["Comment", "StartAt", "States", "ProcessorConfig"])
    static let processorConfig = StateFields(["Mode", "ExecutionType"])
    static let itemReader = StateFields(["Resource", "ReaderConfig"], jsonPath: ["Parameters"], jsonata: ["Arguments"])
    static let readerConfig = StateFields(
        [
            "InputType", "Transformation", "ManifestType", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter",
            "ItemsPointer", "MaxItems",
        ],
        jsonPath: ["MaxItemsPath"]
    )
    static let itemBatcher = StateFields(
        ["MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput"],
        jsonPath: ["MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"]
    )
    static let resultWriter = StateFields(
        ["Resource", "WriterConfig"],
        jsonPath: ["Parameters"],
        jsonata: ["Arguments"]
    )
    static let writerConfig = StateFields(["OutputType", "Transformation"])
    static let retrier = StateFields([
        "Comment", "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy",
    ])
    static let catcher = StateFields(
        ["Comment", "ErrorEquals", "Next", "Assign"],
        jsonPath: ["ResultPath"],
        jsonata: ["Output"]
    )
    static let choiceRule = StateFields(
        ["Comment", "Next", "Assign"],
        jsonPath: ["Variable", "And", "Or", "Not"] + ComparisonOperator.names,
        jsonata: ["Condition", "Output"]
    )
}

extension FieldReader {
    /// Reports every field that has no business here.
    func rejectOthers(than fields: StateFields, language: QueryLanguage = .jsonPath) {
        let allowed = fields.allowed(in: language)
        for (name, _) in object where !allowed.contains(name) {
            reject(name, from: fields, in: language, hint: suggestion(for: name, among: allowed.sorted()))
        }
    }

    /// Reports a field that has no business here: it is the other language's, or nobody's.
    func reject(
        _ name: String,
        from fields: StateFields,
        in language: QueryLanguage,
        hint: @autoclosure () -> String?
    ) {
        let other: QueryLanguage = language == .jsonPath ? .jsonata : .jsonPath
        if fields.allowed(in: other).contains(name), !fields.allowed(in: language).contains(name) {
            findings.error(
                "The QueryLanguage is set to '\(language.rawValue)', but field '\(name)' is only supported for the "
                    + "'\(other.rawValue)' QueryLanguage",
                at: place,
                exactly: place.field(name)
            )
        } else {
            findings.error("Field '\(name)' is not supported", at: place, exactly: place.field(name), hint: hint())
        }
    }
}
