import JSON
package import StatesLanguage

/// The files that a manifest lists.
package struct ManifestReader: Sendable {
    package struct File: Sendable, Equatable {
        package var bucket: String
        package var key: String
    }

    package let files: [File]
    /// How the files are written.
    package let format: ItemFormat

    /// - Parameters:
    ///   - bucket: where the manifest itself stands.
    ///   - text: its bytes.
    package init(type: ManifestType, bucket: String, text: [UInt8]) throws(ItemError) {
        switch type {
        case .inventory: (files, format) = try Self.inventory(text, bucket: bucket)
        case .athena(let athena):
            files = try Self.athena(text)
            switch athena {
            case .csv(let csv): format = .csv(csv)
            case .jsonLines: format = .jsonLines
            }
        }
    }

    /// `{"destinationBucket": "arn:aws:s3:::b", "fileFormat": "CSV", "fileSchema": "Bucket, Key", "files": [{"key": …}]}`
    private static func inventory(_ text: [UInt8], bucket: String) throws(ItemError) -> ([File], ItemFormat) {
        let manifest: JSONValue
        do throws(JSONSyntaxError) {
            manifest = try JSONValue(parsing: text)
        } catch {
            throw ItemError("The manifest is not JSON: \(error)")
        }
        guard let files = manifest["files"]?.array, let schema = manifest["fileSchema"]?.string else {
            throw ItemError("The manifest lacks 'files' or 'fileSchema': it is no S3 inventory.")
        }
        if let format = manifest["fileFormat"]?.string, format != "CSV" {
            throw ItemError("The inventory is written as \(format): only CSV can be read.")
        }
        let destination = manifest["destinationBucket"]?.string?.split(separator: ":").last.map(String.init) ?? bucket
        var found: [File] = []
        for file in files {
            guard let key = file["key"]?.string else { throw ItemError("A file of the manifest has no 'key'.") }
            found.append(File(bucket: destination, key: key))
        }
        let headers = schema.split(separator: ",")
            .map { column in
                String(column.drop { $0 == " " })
            }
        return (found, .csv(CSVFormat(headers: headers)))
    }

    /// One `s3://bucket/key` per line.
    private static func athena(_ text: [UInt8]) throws(ItemError) -> [File] {
        guard let text = String(validating: text, as: UTF8.self) else { throw ItemError("The manifest is not UTF-8.") }
        var files: [File] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let name = line.trimmingPrefix("\"")
            let address = name.hasSuffix("\"") ? name.dropLast() : name
            let parts = address.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard address.lowercased().hasPrefix("s3://"), parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw ItemError("The manifest's line '\(line.prefix(200))' is not s3://bucket/key.")
            }
            files.append(File(bucket: String(parts[0]), key: String(parts[1])))
        }
        return files
    }
}
