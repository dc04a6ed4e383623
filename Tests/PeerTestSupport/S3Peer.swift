import Signing
import Synchronization

/// Enough of S3 for readers and writers of objects: buckets of objects on loopback, for whoever signs with the right
/// secret. Two objects make a page of a listing.
package final class S3Peer: Sendable {
    package static let accessKeyID = "AKIDLOOPBACK"
    package static let secret = "loopback/secret"
    private static let pageSize = 2

    private let objects: Objects
    private let server: LoopbackServer

    /// - Parameters:
    ///   - objects: texts, by `bucket/key`.
    ///   - packed: and bytes.
    ///   - fault: what happens instead of an answer, for some requests.
    package static func start(
        _ objects: [String: String] = [:],
        packed: [String: [UInt8]] = [:],
        fault: @escaping @Sendable (PeerRequest) -> PeerReply? = { _ in nil }
    ) async throws -> S3Peer {
        let objects = Objects(objects.mapValues { Array($0.utf8) }.merging(packed) { $1 })
        let server = try await LoopbackServer.start { request in
            guard isSigned(request) else {
                return refusal(403, "SignatureDoesNotMatch", "The request signature does not match.")
            }
            return fault(request) ?? answer(request, objects)
        }
        return S3Peer(objects: objects, server: server)
    }

    private init(objects: Objects, server: LoopbackServer) {
        self.objects = objects
        self.server = server
    }

    /// What lets a worker use it.
    package var environment: [String: String] {
        [
            "AWS_ENDPOINT_URL_S3": server.url, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": Self.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": Self.secret,
        ]
    }

    package var requests: [PeerRequest] { server.requests }

    package func stop() async { await server.stop() }

    /// The text of an object, by `bucket/key`.
    package subscript(name: String) -> String? {
        objects.contents.withLock { $0[name] }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names of all objects.
    package var names: [String] { objects.contents.withLock { $0.keys.sorted() } }

    /// `{"Code": …}` as S3 says it.
    package static func refusal(_ status: Int, _ code: String, _ message: String) -> PeerReply {
        .answer(
            status,
            [("x-amz-request-id", "r-1"), ("x-amz-id-2", "h-1")],
            "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
        )
    }

    // MARK: Requests

    private static func answer(_ request: PeerRequest, _ objects: Objects) -> PeerReply {
        let name = PercentEncoding.decode(request.path.dropFirst())
        if request.method == "PUT" {
            objects.contents.withLock { $0[name] = request.body }
            return .answer(200, [("ETag", "\"e\"")], "")
        }
        guard name.contains("/") else { return listing(of: name, query(of: request), objects) }
        guard let content = objects.contents.withLock({ $0[name] }) else {
            return refusal(404, "NoSuchKey", "The specified key does not exist.")
        }
        return piece(of: content, request)
    }

    private static func piece(of content: [UInt8], _ request: PeerRequest) -> PeerReply {
        let eTag = "\"\(SHA256.hexadecimalDigest(content))\""
        if let wanted = request.header("If-Match"), wanted != eTag {
            return refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        }
        let bounds = request.header("Range")?.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard let bounds, bounds.count == 2 else {
            return .answer(status: 200, headers: [("ETag", eTag)], body: content)
        }
        guard bounds[0] < content.count else {
            return refusal(416, "InvalidRange", "The requested range is not satisfiable")
        }
        let end = min(bounds[1], content.count - 1)
        return .answer(
            status: 206,
            headers: [("ETag", eTag), ("Content-Range", "bytes \(bounds[0])-\(end)/\(content.count)")],
            body: Array(content[bounds[0]...end])
        )
    }

    private static func listing(of bucket: String, _ query: [String: String], _ objects: Objects) -> PeerReply {
        let prefix = "\(bucket)/\(query["prefix"] ?? "")"
        let start = query["continuation-token"] ?? ""
        let found = objects.contents.withLock { contents in
            contents.filter { $0.key.hasPrefix(prefix) && $0.key > start }.sorted { $0.key < $1.key }
        }
        let page = found.prefix(pageSize)
        var text = "<ListBucketResult><EncodingType>url</EncodingType>"
        for (name, content) in page {
            let key = PercentEncoding.encode(String(name.dropFirst(bucket.count + 1)), keepsSlashes: true)
                .replacing("%20", with: "+")
            text +=
                "<Contents><Key>\(key)</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>"
                + "<ETag>&quot;e&quot;</ETag><Size>\(content.count)</Size><StorageClass>STANDARD</StorageClass></Contents>"
        }
        let isCut = found.count > page.count
        text += "<IsTruncated>\(isCut)</IsTruncated>"
        if isCut, let last = page.last { text += "<NextContinuationToken>\(last.key)</NextContinuationToken>" }
        return .answer(200, [], text + "</ListBucketResult>")
    }

    private static func query(of request: PeerRequest) -> [String: String] {
        var values: [String: String] = [:]
        for pair in request.target.split(separator: "?").dropFirst().first?.split(separator: "&") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts.count == 2 ? PercentEncoding.decode(parts[1]) : ""
        }
        return values
    }

    // MARK: Signatures

    /// Whether the request is signed for S3 with the right secret, and with it its body.
    private static func isSigned(_ request: PeerRequest) -> Bool {
        guard let authorization = request.header("Authorization"), let timestamp = request.header("X-Amz-Date"),
            let hash = request.header("X-Amz-Content-Sha256"), hash == SHA256.hexadecimalDigest(request.body)
        else { return false }
        var parts: [Substring: Substring] = [:]
        for part in authorization.dropFirst("AWS4-HMAC-SHA256 ".count).split(separator: ",") {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { parts[pair[0]] = pair[1] }
        }
        let credential = parts["Credential"]?.split(separator: "/") ?? []
        guard credential.count == 5, credential[0] == accessKeyID, credential[3] == "s3",
            let names = parts["SignedHeaders"]?.split(separator: ";").map(String.init),
            Set(["host", "x-amz-content-sha256", "x-amz-date"]).isSubset(of: names)
        else { return false }
        let target = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let canonical = CanonicalRequest(
            method: request.method,
            path: String(target[0]),
            query: target.count == 2 ? String(target[1]) : "",
            headers: names.map { ($0, request.header($0) ?? "") },
            payloadHash: hash,
            pathRule: .asSent
        )
        let scope = SigningScope(timestamp: timestamp, region: String(credential[2]), service: "s3")
        return scope.signature(of: canonical, secret: secret) == parts["Signature"].map(String.init)
    }

    private final class Objects: Sendable {
        let contents: Mutex<[String: [UInt8]]>

        init(_ contents: [String: [UInt8]]) { self.contents = Mutex(contents) }
    }
}
