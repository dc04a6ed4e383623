import AWSClient
import Expressions
import Integrations
import JSON

/// S3, or what speaks its protocol, as object storage.
struct BucketStorage: ItemStorage {
    let storage: S3Storage

    func open(bucket: String, key: String, version: String?) async throws(StorageError) -> any ObjectStream {
        BucketObject(storage: storage, name: S3Storage.Name(bucket: bucket, key: key, version: version))
    }

    func list(bucket: String, prefix: String) async throws(StorageError) -> any ListingStream {
        BucketListing(storage: storage, bucket: bucket, prefix: prefix)
    }

    func put(bucket: String, key: String, bytes: [UInt8]) async throws(StorageError) {
        let type = key.hasSuffix(".jsonl") ? "application/x-ndjson" : "application/json"
        do throws(ServiceError) {
            try await storage.write(S3Storage.Name(bucket: bucket, key: key), bytes, contentType: type)
        } catch {
            throw StorageError(error, about: "s3://\(bucket)/\(key) can't be written")
        }
    }
}

/// An object, read piece by piece: while nobody takes the next one nothing is open, so nothing can time out.
private struct BucketObject: ObjectStream {
    private static let pieceBytes = 4 << 20

    let storage: S3Storage
    let name: S3Storage.Name
    private var offset = 0
    /// Known after the first piece.
    private var size: Int?
    private var eTag: String?

    init(storage: S3Storage, name: S3Storage.Name) {
        self.storage = storage
        self.name = name
    }

    mutating func next() async throws(StorageError) -> [UInt8]? {
        if let size, offset >= size { return nil }
        do throws(ServiceError) {
            let piece = try await storage.read(name, from: offset, count: Self.pieceBytes, eTag: eTag)
            offset += piece.bytes.count
            size = piece.size
            eTag = piece.eTag
            return piece.bytes
        } catch {
            let place = "s3://\(name.bucket)/\(name.key)"
            if case .fault(let fault) = error, fault.status == 412, offset > 0 {
                throw StorageError("\(place) was changed while it was read")
            }
            throw StorageError(error, about: "\(place) can't be read")
        }
    }
}

private struct BucketListing: ListingStream {
    let storage: S3Storage
    let bucket: String
    let prefix: String
    private var token: String?
    private var isAtEnd = false

    init(storage: S3Storage, bucket: String, prefix: String) {
        self.storage = storage
        self.bucket = bucket
        self.prefix = prefix
    }

    mutating func next() async throws(StorageError) -> [ListedObject]? {
        guard !isAtEnd else { return nil }
        do throws(ServiceError) {
            let page = try await storage.list(bucket: bucket, prefix: prefix, token: token)
            token = page.next
            isAtEnd = page.next == nil
            return page.objects.compactMap(ListedObject.init)
        } catch {
            throw StorageError(error, about: "s3://\(bucket)/\(prefix) can't be listed")
        }
    }
}

extension ListedObject {
    fileprivate init?(_ members: JSONObject) {
        guard let key = members["Key"]?.string else { return nil }
        let time = members["LastModified"]?.string.flatMap { Timestamp($0) }
        self.init(
            key: key,
            eTag: members["ETag"]?.string ?? "",
            lastModified: Double(time?.epochMilliseconds ?? 0) / 1000,
            size: members["Size"]?.number?.integer ?? 0,
            storageClass: members["StorageClass"]?.string ?? "STANDARD"
        )
    }
}

extension StorageError {
    /// What S3 said, in the words of AWS's SDK.
    fileprivate init(_ error: ServiceError, about place: String) {
        self.init("\(place): \(ServiceErrors(service: .s3, style: .sdk).failure(error).cause)")
    }
}
