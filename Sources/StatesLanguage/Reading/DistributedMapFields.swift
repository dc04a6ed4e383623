import JSON

/// The fields that only a distributed Map has.
extension StateReader {
    private static let distributedOnly = ["ItemReader", "ItemBatcher", "ResultWriter"]

    /// nil: the Map is inline, or something is wrong with it.
    func readDistributed(_ mode: ProcessorMode) -> DistributedMap? {
        if case .inline = mode {
            for name in Self.distributedOnly where fields.has(name) {
                findings.obstacle(
                    "Field '\(name)' belongs to Distributed Map: set Mode in the ProcessorConfig to DISTRIBUTED",
                    at: fields.place.field(name)
                )
            }
        }
        let distributed = DistributedMap(
            label: readLabel() ?? Self.label(for: name),
            hasExpressChildren: mode == .distributedExpress,
            reader: fields.nested("ItemReader")?.itemReader(language),
            batcher: readBatcher(),
            writer: fields.nested("ResultWriter")?.resultWriter(language),
            toleratedFailureCount: fields.limit("ToleratedFailureCount", 0...MachineReader.largestCount, language),
            toleratedFailurePercentage: fields.percentage("ToleratedFailurePercentage", language)
        )
        return mode == .inline ? nil : distributed
    }

    /// `Label` is part of names, so it takes only what a name takes.
    private func readLabel() -> String? {
        guard let label = fields.string("Label") else { return nil }
        let place = fields.place.field("Label")
        if label.unicodeScalars.count > 40 {
            findings.error(
                code: .invalidLabelName,
                "Invalid Label name: Label '\(label)' exceeds the 40-character limit allowed by the service",
                at: place
            )
        } else if label.isEmpty || label.unicodeScalars.contains(where: \.isForbiddenInLabel) {
            findings.error(
                code: .invalidLabelName,
                "A Label has 1 to 40 characters, without spaces, brackets, wildcards and special characters",
                at: place
            )
        }
        if !reading.labels.insert(label).inserted {
            findings.error(code: .duplicateLabelName, "Duplicate Label name: \(label)", at: place)
        }
        return label
    }

    /// What stands in ARNs for a Map without a `Label`: its name, as far as a label can be like it.
    private static func label(for name: String) -> String {
        var label = String.UnicodeScalarView()
        for scalar in name.unicodeScalars.prefix(40) { label.append(scalar.isForbiddenInLabel ? "-" : scalar) }
        return String(label)
    }

    private func readBatcher() -> ItemBatcher? {
        guard let batcher = fields.nested("ItemBatcher") else { return nil }
        batcher.rejectOthers(than: .itemBatcher, language: language)
        let parent = "ItemBatcher/"
        let items = batcher.limit("MaxItemsPerBatch", 0...MachineReader.largestCount, language, below: parent)
        let bytes = batcher.limit("MaxInputBytesPerBatch", 0...262_144, language, below: parent)
        if !["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"]
            .contains(where: batcher.has)
        {
            findings.error(
                "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
                at: batcher.place
            )
        }
        let input = batcher.template("BatchInput", in: language, below: parent)
        return ItemBatcher(maxItems: items, maxBytes: bytes, input: input)
    }
}

extension Unicode.Scalar {
    fileprivate var isForbiddenInLabel: Bool {
        properties.isWhitespace || value < 0x20 || (0x7F...0x9F).contains(value)
            || "<>{}[]?*\"#%\\^|~`$&,;:/".unicodeScalars.contains(self)
    }
}

extension FieldReader {
    /// A number with a `…Path` form; in JSONata it may also be an expression.
    func limit(
        _ name: String,
        _ range: ClosedRange<Int>,
        _ language: QueryLanguage,
        below parent: String = ""
    ) -> IntegerField? {
        switch language {
        case .jsonPath: integerOrPath(name, in: range, mayReadContext: false)
        case .jsonata: integerOrJSONata(name, in: range, below: parent)
        }
    }

    /// 0 to 100, with decimals.
    fileprivate func percentage(_ name: String, _ language: QueryLanguage) -> NumberField? {
        if language == .jsonata, isJSONata(name) { return jsonata(name).map(NumberField.jsonata) }
        switch atMostOne(of: [name, name + "Path"]) {
        case name: return number(name, in: 0...100).map(NumberField.constant)
        case name + "Path": return referencePath(name + "Path", mayReadContext: false).map(NumberField.path)
        default: return nil
        }
    }
}
