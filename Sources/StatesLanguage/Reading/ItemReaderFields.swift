import Expressions
import JSON

/// `ItemReader` and `ResultWriter` of a distributed Map.
extension FieldReader {
    func itemReader(_ language: QueryLanguage) -> ItemReader? {
        rejectOthers(than: .itemReader, language: language)
        require("Resource")
        let config = nested("ReaderConfig")
        config?.rejectOthers(than: .readerConfig, language: language)
        let maxItems = config?.limit("MaxItems", 0...100_000_000, language, below: "ItemReader/ReaderConfig/")
        guard let resource = string("Resource"), let source = itemSource(resource, config) else { return nil }
        if source != .query {
            findings.needsStorage(at: place.field("Resource"), failingWith: "States.ItemReaderFailed")
        }
        let parameters = self.parameters(language, below: "ItemReader/")
        return ItemReader(source: source, parameters: parameters, maxItems: maxItems)
    }

    /// `Parameters`, or in JSONata `Arguments`.
    private func parameters(_ language: QueryLanguage, below parent: String) -> Template? {
        template(language == .jsonPath ? "Parameters" : "Arguments", in: language, below: parent)
    }

    private func itemSource(_ resource: String, _ config: FieldReader?) -> ItemSource? {
        let type = config?.oneOf("InputType", ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"])
        let transformation = config?.oneOf("Transformation", ["NONE", "LOAD_AND_FLATTEN"])
        if resource == ItemSource.queryResource {
            checkParameters(["Query"])
            return .query
        }
        switch stateResource(resource) {
        case ItemSource.objectResource:
            checkParameters(["Bucket", "Key"])
            guard let config, config.has("InputType") else {
                findings.error("These fields are required: [ReaderConfig/InputType]", at: place)
                return nil
            }
            return type.flatMap(config.itemFormat).map(ItemSource.object)
        case ItemSource.listingResource:
            checkParameters(["Bucket"])
            guard transformation == "LOAD_AND_FLATTEN" else { return .listing(nil) }
            guard let config, let type else {
                findings.error("These fields are required: [ReaderConfig/InputType]", at: place)
                return nil
            }
            guard type != "MANIFEST" else {
                findings.error("LOAD_AND_FLATTEN does not read manifests", at: config.place.field("InputType"))
                return nil
            }
            return config.itemFormat(type).map(ItemSource.listing)
        default:
            findings.error(
                "The field 'Resource' does not match any of the allowed values",
                at: place.field("Resource"),
                hint: "use arn:aws:states:::s3:getObject, arn:aws:states:::s3:listObjectsV2 or "
                    + ItemSource.queryResource
            )
            return nil
        }
    }

    /// `s3:getObject` of `arn:aws:states:::s3:getObject`.
    private func stateResource(_ arn: String) -> String? {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "states" else { return nil }
        return String(parts[5])
    }

    /// What a reader or writer must be told; only names can be checked before it runs.
    private func checkParameters(_ names: [String]) {
        let given = object["Parameters"]?.object ?? object["Arguments"]?.object
        guard object["Arguments"]?.string == nil else { return }
        let missing = names.filter { given?[$0] == nil && given?[$0 + ".$"] == nil }
        guard !missing.isEmpty else { return }
        let field = has("Arguments") ? "Arguments" : "Parameters"
        findings.error("These fields are required: [\(missing.joined(separator: ", "))]", at: place.field(field))
    }

    private func itemFormat(_ type: String) -> ItemFormat? {
        if oneOf("ManifestType", ["ATHENA_DATA", "S3_INVENTORY"]) == "ATHENA_DATA" { return athenaFormat(type) }
        switch type {
        case "CSV":
            if !has("CSVHeaderLocation") { findings.error("The field 'CSVHeaderLocation' is required", at: place) }
            return csvFormat().map(ItemFormat.csv)
        case "JSON":
            if has("CSVHeaderLocation") {
                let exactly = place.field("CSVHeaderLocation")
                findings.error("Field 'CSVHeaderLocation' is not supported", at: place, exactly: exactly)
            }
            guard has("ItemsPointer") else { return .json(pointer: []) }
            return itemsPointer().map(ItemFormat.json)
        case "JSONL": return .jsonLines
        case "MANIFEST": return .manifest(.inventory)
        default: return parquet()
        }
    }

    /// With `ATHENA_DATA` the object is a list of files, and `InputType` is theirs.
    private func athenaFormat(_ type: String) -> ItemFormat? {
        switch type {
        case "CSV": return csvFormat().map { .manifest(.athena(.csv($0))) }
        case "JSONL": return .manifest(.athena(.jsonLines))
        case "PARQUET": return parquet()
        default:
            findings.error("ATHENA_DATA lists files of type CSV, JSONL or PARQUET", at: place.field("InputType"))
            return nil
        }
    }

    private func parquet() -> ItemFormat {
        findings.obstacle(
            "InputType PARQUET is not supported yet: convert the file to CSV or JSONL",
            at: place.field("InputType")
        )
        return .jsonLines
    }

    private func csvFormat() -> CSVFormat? {
        let location = oneOf("CSVHeaderLocation", ["FIRST_ROW", "GIVEN"])
        let delimiter = oneOf("CSVDelimiter", ["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"])
        let headers = has("CSVHeaders") ? nonEmptyStrings("CSVHeaders") : nil
        if has("CSVHeaderLocation"), location == nil { return nil }
        if location == "GIVEN", !has("CSVHeaders") {
            findings.error("These fields are required: [CSVHeaders]", at: place)
            return nil
        }
        var format = CSVFormat(headers: location == "FIRST_ROW" ? nil : headers)
        format.delimiter =
            switch delimiter {
            case "PIPE": UInt8(ascii: "|")
            case "SEMICOLON": UInt8(ascii: ";")
            case "SPACE": UInt8(ascii: " ")
            case "TAB": UInt8(ascii: "\t")
            default: UInt8(ascii: ",")
            }
        return format
    }

    /// A JSON Pointer (RFC 6901), as the keys that it has.
    private func itemsPointer() -> [String]? {
        guard let text = string("ItemsPointer") else { return nil }
        if text.isEmpty { return [] }
        guard text.hasPrefix("/"), isPointer(text) else {
            findings.error("Value must be a valid JSON Pointer.", at: place.field("ItemsPointer"))
            return nil
        }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
    }

    /// Whether every `~` begins `~0` or `~1`.
    private func isPointer(_ text: String) -> Bool {
        text.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
            .allSatisfy { $0.hasPrefix("0") || $0.hasPrefix("1") }
    }

    func resultWriter(_ language: QueryLanguage) -> ResultWriter? {
        rejectOthers(than: .resultWriter, language: language)
        let config = nested("WriterConfig")
        config?.rejectOthers(than: .writerConfig, language: language)
        let outputType = config?.oneOf("OutputType", ResultWriter.OutputType.allCases.map(\.rawValue))
        let transformation = config?.oneOf("Transformation", ResultWriter.Transformation.allCases.map(\.rawValue))
        guard has("Resource") || has("WriterConfig") else {
            findings.error("One of these fields is required: [Resource, WriterConfig]", at: place)
            return nil
        }
        if let resource = string("Resource") {
            guard stateResource(resource) == ResultWriter.resource else {
                findings.error(
                    "The field 'Resource' does not match any of the allowed values",
                    at: place.field("Resource"),
                    hint: "use arn:aws:states:::s3:putObject"
                )
                return nil
            }
            checkParameters(["Bucket"])
            findings.needsStorage(at: place.field("Resource"), failingWith: "States.ResultWriterFailed")
        }
        let exports = has("Resource")
        return ResultWriter(
            exports: exports,
            parameters: parameters(language, below: "ResultWriter/"),
            transformation: transformation.flatMap(ResultWriter.Transformation.init)
                ?? (exports ? .described : .compact),
            outputType: outputType.flatMap(ResultWriter.OutputType.init) ?? .json
        )
    }
}
