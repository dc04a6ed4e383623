import JSON

/// The fields that only a distributed Map has. They are checked as far as any engine must understand them, and are
/// reasons not to run the machine here yet.
extension StateReader {
    private static let distributedOnly = [
        "ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "ToleratedFailureCountPath",
        "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
    ]

    func checkDistributedFields() {
        for name in Self.distributedOnly where fields.has(name) {
            findings.obstacle(
                "Field '\(name)' is not supported yet: it belongs to Distributed Map",
                at: fields.place.field(name)
            )
        }
        checkLabel()
        fields.checkLimit("ToleratedFailureCount", 0...MachineReader.longestSeconds, language)
        fields.checkPercentage("ToleratedFailurePercentage", language)
        if let batcher = fields.nested("ItemBatcher") {
            batcher.checkLimit("MaxItemsPerBatch", 1...100_000_000, language)
            batcher.checkLimit("MaxInputBytesPerBatch", 1...262_144, language)
        }
        if let reader = fields.nested("ItemReader") {
            reader.require("Resource")
            _ = reader.string("Resource")
            if let config = reader.nested("ReaderConfig") {
                _ = config.oneOf("InputType", ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"])
                _ = config.oneOf("CSVHeaderLocation", ["FIRST_ROW", "GIVEN"])
                config.checkLimit("MaxItems", 0...100_000_000, language)
            }
        }
        _ = fields.nested("ResultWriter")
    }

    /// `Label` is part of names, so it takes only what a name takes.
    private func checkLabel() {
        guard let label = fields.string("Label") else { return }
        let place = fields.place.field("Label")
        let forbidden = label.unicodeScalars.contains { scalar in
            scalar.properties.isWhitespace || scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                || "<>{}[]?*\"#%\\^|~`$&,;:/".unicodeScalars.contains(scalar)
        }
        if label.isEmpty || label.unicodeScalars.count > 40 || forbidden {
            findings.error(
                code: .invalidLabelName,
                "A Label has 1 to 40 characters, without spaces, brackets, wildcards and special characters",
                at: place
            )
        }
        if !reading.labels.insert(label).inserted {
            findings.error(code: .duplicateLabelName, "Duplicate Label name: \(label)", at: place)
        }
    }
}

extension FieldReader {
    /// A number with a `…Path` form; in JSONata it may also be an expression.
    func checkLimit(_ name: String, _ range: ClosedRange<Int>, _ language: QueryLanguage) {
        _ = language == .jsonPath ? integerOrPath(name, in: range) : integerOrJSONata(name, in: range)
    }

    /// 0 to 100, with decimals.
    fileprivate func checkPercentage(_ name: String, _ language: QueryLanguage) {
        if language == .jsonata, isJSONata(name) {
            _ = jsonata(name)
            return
        }
        switch atMostOne(of: [name, name + "Path"]) {
        case name: _ = number(name, in: 0...100)
        case name + "Path": _ = referencePath(name + "Path")
        default: break
        }
    }
}
