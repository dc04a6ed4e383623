package import JSON
import Signing

/// Objects in S3, or in what speaks its protocol, at the endpoint of a configuration. What fails for a reason that may be
/// gone a moment later is tried again, as the SDKs do it.
package struct S3Storage: Sendable {
    private let client: AWSClient
    /// How long one request may take.
    private let patience: Duration

    /// nil: S3 has no endpoint.
    package init?(client: AWSClient, patience: Duration = .seconds(60)) {
        guard client.configuration.endpoint(of: .s3) != nil else { return nil }
        self.client = client
        self.patience = patience
    }

    /// Ends all requests; those after that fail.
    package func close() async { await client.close() }

    // MARK: Objects

    /// Which object, and which of its versions.
    package struct Name: Sendable, Hashable {
        package var bucket: String
        package var key: String
        /// nil: the present one.
        package var version: String?

        package init(bucket: String, key: String, version: String? = nil) {
            self.bucket = bucket
            self.key = key
            self.version = version
        }
    }

    /// A part of an object.
    package struct Piece: Sendable {
        package let bytes: [UInt8]
        /// The bytes of the whole object.
        package let size: Int
        package let eTag: String?
    }

    /// Reads bytes of an object: no more than `count`, and fewer only at its end.
    ///
    /// - Parameter eTag: what the object is to be still; nil: this is the first piece.
    package func read(_ object: Name, from offset: Int, count: Int, eTag: String?) async throws(ServiceError) -> Piece {
        var parameters: JSONObject = [
            "Bucket": .string(object.bucket), "Key": .string(object.key),
            "Range": .string("bytes=\(offset)-\(offset + count - 1)"),
        ]
        if let version = object.version { parameters["VersionId"] = .string(version) }
        if let eTag { parameters["IfMatch"] = .string(eTag) }
        let request = try S3Operations.getObject.request(parameters, to: client.endpoint(of: .s3))
        return try await persistently { () async throws(ServiceError) in
            let response: IncomingResponse
            do throws(ServiceError) {
                response = try await client.send(request, as: .s3, bounds(ofBytes: count))
            } catch {
                switch error {
                // No range of an empty object can be answered.
                case .fault(let fault) where fault.status == 416 && offset == 0:
                    return Piece(bytes: [], size: 0, eTag: nil)
                case .transport(.responseTooLarge):
                    throw .invalidRequest("The server does not answer ranges of objects")
                default: throw error
                }
            }
            return try piece(response, from: offset, count: count)
        }
    }

    private func piece(_ response: IncomingResponse, from offset: Int, count: Int) throws(ServiceError) -> Piece {
        let eTag = response.header("ETag")
        guard response.status == 206 else {
            // Some servers answer the whole of what is smaller than the range.
            guard offset == 0 else { throw .invalidResponse("S3 did not answer the range that was asked for") }
            return Piece(bytes: response.body, size: response.body.count, eTag: eTag)
        }
        guard let size = response.header("Content-Range")?.split(separator: "/").last.flatMap({ Int($0) }),
            response.body.count == min(count, size - offset)
        else { throw .invalidResponse("S3 answered \(response.body.count) bytes, which are not those asked for") }
        return Piece(bytes: response.body, size: size, eTag: eTag)
    }

    /// Writes an object.
    package func write(_ object: Name, _ body: [UInt8], contentType: String) async throws(ServiceError) {
        let parameters: JSONObject = [
            "Bucket": .string(object.bucket), "Key": .string(object.key), "ContentType": .string(contentType),
        ]
        var request = try S3Operations.putObject.request(parameters, to: client.endpoint(of: .s3))
        request.body = body
        let complete = request
        try await persistently { () async throws(ServiceError) in
            _ = try await client.send(complete, as: .s3, bounds(ofBytes: 0))
        }
    }

    // MARK: Listings

    /// A part of a listing.
    package struct Page: Sendable {
        /// As ListObjectsV2 shows them: `ETag`, `Key`, `LastModified`, `Size`, `StorageClass`.
        package let objects: [JSONObject]
        /// Where the next page begins; nil: this is the last.
        package let next: String?
    }

    /// Lists objects in the order of their keys, 1,000 at most at once.
    ///
    /// - Parameter token: where the page before ended; nil for the first.
    package func list(bucket: String, prefix: String, token: String?) async throws(ServiceError) -> Page {
        // XML can't hold every character that a key can.
        var parameters: JSONObject = ["Bucket": .string(bucket), "EncodingType": "url"]
        if !prefix.isEmpty { parameters["Prefix"] = .string(prefix) }
        if let token { parameters["ContinuationToken"] = .string(token) }
        let request = parameters
        let output = try await persistently { () async throws(ServiceError) in
            try await client.call(.s3, "ListObjectsV2", request, bounds: bounds(ofBytes: 16 << 20)).output
        }
        let isEncoded = output["EncodingType"]?.string?.lowercased() == "url"
        let objects = (output["Contents"]?.array ?? [])
            .compactMap(\.object)
            .map { isEncoded ? Self.decoded($0) : $0 }
        guard output["IsTruncated"]?.bool == true else { return Page(objects: objects, next: nil) }
        guard let next = output["NextContinuationToken"]?.string, next != token else {
            throw .invalidResponse("S3 answered a part of a listing without saying where the next begins")
        }
        return Page(objects: objects, next: next)
    }

    private static func decoded(_ object: JSONObject) -> JSONObject {
        var object = object
        object["Key"] = object["Key"]?.string
            .map { .string(PercentEncoding.decode($0.replacing("+", with: " "))) }
        return object
    }

    // MARK: Trying again

    private static let attempts = 4
    private static let pause: Duration = .milliseconds(100)

    private func bounds(ofBytes count: Int) -> HTTPTransport.Bounds {
        // An error has a body, too.
        HTTPTransport.Bounds(time: patience, responseBytes: max(count, 64 << 10))
    }

    private func persistently<Value>(
        _ body: () async throws(ServiceError) -> Value
    ) async throws(ServiceError) -> Value {
        var pause = Self.pause
        for _ in 1..<Self.attempts {
            do throws(ServiceError) {
                return try await body()
            } catch {
                guard error.mayPass else { throw error }
                do {
                    try await Task.sleep(for: pause * Double.random(in: 0.5...1.5))
                } catch {
                    throw .transport(.cancelled)
                }
                pause *= 3
            }
        }
        return try await body()
    }
}

extension ServiceError {
    /// Whether the same request may have success a moment later.
    fileprivate var mayPass: Bool {
        switch self {
        case .fault(let fault):
            fault.status >= 500 || fault.status == 429 || ["RequestTimeout", "SlowDown"].contains(fault.code)
        case .transport(.timedOut), .transport(.failed), .invalidResponse: true
        case .transport, .invalidRequest: false
        }
    }
}
