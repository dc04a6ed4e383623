package import JSON

/// Objects by bucket and key, as S3 and what speaks its protocol have them.
package protocol ObjectStorage: Sendable {
    /// Opens an object. Its bytes are read no faster than somebody takes them.
    func open(bucket: String, key: String, version: String?) async throws(ServiceError) -> StoredObject

    /// Lists the objects under a prefix, page by page.
    ///
    /// - Parameters:
    ///   - token: where the page before ended; nil for the first.
    ///   - limit: at most this many; the storage may return fewer (S3 never more than 1,000).
    func list(bucket: String, prefix: String, token: String?, limit: Int) async throws(ServiceError) -> ObjectPage

    /// Writes an object.
    func put(bucket: String, key: String, body: [UInt8], contentType: String) async throws(ServiceError)
}

/// An object that is being read.
package struct StoredObject: Sendable {
    /// In bytes, where the storage says so.
    package let size: Int?
    package let eTag: String?
    package let body: ResponseBody
}

/// A part of a listing.
package struct ObjectPage: Sendable {
    /// As ListObjectsV2 shows them: `ETag`, `Key`, `LastModified`, `Size`, `StorageClass`.
    package let objects: [JSONObject]
    /// For the next page; nil: this is the last.
    package let next: String?
}

/// S3, or what speaks its protocol, at the endpoint of a configuration.
package struct S3Storage: ObjectStorage {
    private let client: AWSClient

    package init(client: AWSClient) { self.client = client }

    package func open(bucket: String, key: String, version: String?) async throws(ServiceError) -> StoredObject {
        var parameters: JSONObject = ["Bucket": .string(bucket), "Key": .string(key)]
        if let version { parameters["VersionId"] = .string(version) }
        guard let operation = S3Operations.all["GetObject"] else { preconditionFailure("S3 has GetObject") }
        let request = try operation.request(parameters, to: client.endpoint(of: .s3))
        let (response, body) = try await opened(client.signed(request, as: .s3))
        guard response.status == 200 else {
            var refusal = response
            refusal.body = (try? await body.collect(upTo: 64 << 10)) ?? []
            throw .fault(ServiceFault(refusal))
        }
        return StoredObject(
            size: response.header("Content-Length").flatMap { Int($0) },
            eTag: response.header("ETag"),
            body: body
        )
    }

    package func list(bucket: String, prefix: String, token: String?, limit: Int) async throws(ServiceError)
        -> ObjectPage
    {
        var parameters: JSONObject = ["Bucket": .string(bucket), "MaxKeys": .number(JSONNumber(limit))]
        if !prefix.isEmpty { parameters["Prefix"] = .string(prefix) }
        if let token { parameters["ContinuationToken"] = .string(token) }
        let output = try await client.call(.s3, "ListObjectsV2", parameters).output
        let isCut = output["IsTruncated"]?.bool ?? false
        return ObjectPage(
            objects: (output["Contents"]?.array ?? []).compactMap(\.object),
            next: isCut ? output["NextContinuationToken"]?.string : nil
        )
    }

    package func put(bucket: String, key: String, body: [UInt8], contentType: String) async throws(ServiceError) {
        let parameters: JSONObject = [
            "Bucket": .string(bucket), "Key": .string(key), "ContentType": .string(contentType),
        ]
        guard let operation = S3Operations.all["PutObject"] else { preconditionFailure("S3 has PutObject") }
        var request = try operation.request(parameters, to: client.endpoint(of: .s3))
        request.body = body
        _ = try await client.send(request, as: .s3, HTTPTransport.Bounds(time: .seconds(300)))
    }

    private func opened(_ request: OutgoingRequest) async throws(ServiceError)
        -> (response: IncomingResponse, body: ResponseBody)
    {
        do throws(TransportError) {
            return try await client.transport.open(request)
        } catch {
            throw .transport(error)
        }
    }
}
