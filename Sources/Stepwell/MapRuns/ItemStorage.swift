import JSON

/// Where item readers find objects and result writers put them: objects by bucket and key.
protocol ItemStorage: Sendable {
    /// Opens an object. Its bytes are read no faster than somebody takes them.
    func open(bucket: String, key: String, version: String?) async throws(StorageError) -> any ObjectStream

    /// Opens a listing of the objects under a prefix, in the order of their keys.
    func list(bucket: String, prefix: String) async throws(StorageError) -> any ListingStream

    /// Writes an object.
    func put(bucket: String, key: String, bytes: [UInt8]) async throws(StorageError)
}

/// The bytes of an object, one piece after the other.
protocol ObjectStream {
    /// The next piece; nil: that was the last.
    mutating func next() async throws(StorageError) -> [UInt8]?
}

/// The objects of a listing, some at a time.
protocol ListingStream {
    /// The next ones; nil: those were the last.
    mutating func next() async throws(StorageError) -> [ListedObject]?
}

/// An object as ListObjectsV2 shows it.
struct ListedObject: Sendable {
    var key: String
    var eTag: String
    /// Seconds since 1970.
    var lastModified: Double
    var size: Int64
    var storageClass: String

    /// The item that it is, with the names that AWS uses here.
    var item: JSONValue {
        [
            "Etag": .string(eTag), "Key": .string(key),
            "LastModified": JSONNumber(lastModified).map(JSONValue.number) ?? .null,
            "Size": .number(JSONNumber(size)), "StorageClass": .string(storageClass),
        ]
    }
}

/// Why an object could not be read or written, as a sentence.
struct StorageError: Error, Sendable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
