import JSON
import StatesLanguage

/// Writes results to objects, by how children ended, and at last the manifest that lists them.
struct ResultExport {
    enum Kind: String, CaseIterable {
        case succeeded = "SUCCEEDED"
        case failed = "FAILED"
        case pending = "PENDING"
    }

    private struct Part {
        var bytes: [UInt8] = []
        var files: [(key: String, size: Int)] = []

        mutating func append(_ text: String, as type: ResultWriter.OutputType) {
            switch type {
            case .json: bytes.append(bytes.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            case .jsonLines: if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
            }
            bytes.append(contentsOf: text.utf8)
        }
    }

    /// An object is begun anew when it is this large: what is in memory is bounded.
    private static let objectBytes = 16 << 20

    private let storage: any ItemStorage
    private let bucket: String
    private let directory: String
    private let outputType: ResultWriter.OutputType
    private var parts: [Kind: Part] = [:]

    init(storage: any ItemStorage, bucket: String, directory: String, outputType: ResultWriter.OutputType) {
        self.storage = storage
        self.bucket = bucket
        self.directory = directory
        self.outputType = outputType
    }

    mutating func add(_ text: String, to kind: Kind) async throws(StorageError) {
        // Taken out, so that the bytes grow in place: a copy for every result would cost the square of their size.
        var part = parts.removeValue(forKey: kind) ?? Part()
        part.append(text, as: outputType)
        let isFull = part.bytes.count >= Self.objectBytes
        parts[kind] = part
        if isFull { try await write(kind) }
    }

    private mutating func write(_ kind: Kind) async throws(StorageError) {
        guard var part = parts[kind], !part.bytes.isEmpty else { return }
        if outputType == .json { part.bytes.append(UInt8(ascii: "]")) }
        let suffix = outputType == .json ? "json" : "jsonl"
        let key = "\(directory)/\(kind.rawValue)_\(part.files.count).\(suffix)"
        try await storage.put(bucket: bucket, key: key, bytes: part.bytes)
        part.files.append((key, part.bytes.count))
        part.bytes = []
        parts[kind] = part
    }

    /// - Returns: the key of the manifest.
    mutating func finish(mapRunARN: String) async throws(StorageError) -> String {
        for kind in Kind.allCases { try await write(kind) }
        var files: JSONObject = [:]
        for kind in [Kind.failed, .pending, .succeeded] {
            let entries = (parts[kind]?.files ?? [])
                .map { JSONValue.object(["Key": .string($0.key), "Size": .number(JSONNumber($0.size))]) }
            files[kind.rawValue] = .array(entries)
        }
        let manifest: JSONValue = [
            "DestinationBucket": .string(bucket), "MapRunArn": .string(mapRunARN), "ResultFiles": .object(files),
        ]
        let key = "\(directory)/manifest.json"
        try await storage.put(bucket: bucket, key: key, bytes: Array(manifest.text.utf8))
        return key
    }
}
