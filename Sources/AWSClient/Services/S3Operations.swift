/// The actions of S3 that Tasks can call by `aws-sdk:s3:…`, and the optimised ones.
enum S3Operations {
    private static let object = "/{Bucket}/{Key+}"
    private static let target: [String: RESTOperation.Place] = [
        "Bucket": .path, "ExpectedBucketOwner": .header("x-amz-expected-bucket-owner"),
        "RequestPayer": .header("x-amz-request-payer"),
    ]
    private static let key = target.merging(["Key": .path]) { first, _ in first }
    private static let customerKey: [String: RESTOperation.Place] = [
        "SSECustomerAlgorithm": .header("x-amz-server-side-encryption-customer-algorithm"),
        "SSECustomerKey": .header("x-amz-server-side-encryption-customer-key"),
        "SSECustomerKeyMD5": .header("x-amz-server-side-encryption-customer-key-MD5"),
    ]

    static let getObject = RESTOperation(
        method: "GET",
        path: object,
        input: reading,
        output: [RESTMember("AcceptRanges", .header("accept-ranges"))] + metadata + [RESTMember("Body", .payload)]
    )

    static let putObject = RESTOperation(method: "PUT", path: object, input: writing, output: written)

    /// By name.
    static let all: [String: RESTOperation] = [
        "GetObject": getObject,
        "HeadObject": RESTOperation(
            method: "HEAD",
            path: object,
            input: reading,
            output: [RESTMember("AcceptRanges", .header("accept-ranges"))] + metadata
        ),
        "PutObject": putObject,
        "DeleteObject": RESTOperation(
            method: "DELETE",
            path: object,
            input: key.merging(["VersionId": .query("versionId")]) { first, _ in first },
            output: [
                RESTMember("DeleteMarker", .header("x-amz-delete-marker"), .boolean),
                RESTMember("VersionId", .header("x-amz-version-id")),
            ]
        ),
        "CopyObject": RESTOperation(
            method: "PUT",
            path: object,
            input: writing.merging(["CopySource": .header("x-amz-copy-source")]) { first, _ in first },
            output: [RESTMember("VersionId", .header("x-amz-version-id"))]
        ),
        "ListObjects": RESTOperation(
            method: "GET",
            path: "/{Bucket}",
            input: listing.merging(["Marker": .query("marker")]) { first, _ in first },
            output: [contents] + page + [RESTMember("Marker"), RESTMember("NextMarker")]
        ),
        "ListObjectsV2": RESTOperation(
            method: "GET",
            path: "/{Bucket}?list-type=2",
            input: listing.merging([
                "ContinuationToken": .query("continuation-token"), "StartAfter": .query("start-after"),
                "FetchOwner": .query("fetch-owner"),
            ]) { first, _ in first },
            output: [contents] + page + [
                RESTMember("KeyCount", .body, .integer), RESTMember("ContinuationToken"),
                RESTMember("NextContinuationToken"), RESTMember("StartAfter"),
            ]
        ),
        "CreateBucket": RESTOperation(
            method: "PUT",
            path: "/{Bucket}",
            input: target,
            output: [RESTMember("Location", .header("Location"))]
        ),
        "HeadBucket": RESTOperation(method: "HEAD", path: "/{Bucket}", input: target, output: []),
        "DeleteBucket": RESTOperation(method: "DELETE", path: "/{Bucket}", input: target, output: []),
    ]

    private static let reading = key.merging(customerKey) { first, _ in first }
        .merging([
            "IfMatch": .header("If-Match"), "IfModifiedSince": .header("If-Modified-Since"),
            "IfNoneMatch": .header("If-None-Match"), "IfUnmodifiedSince": .header("If-Unmodified-Since"),
            "Range": .header("Range"), "PartNumber": .query("partNumber"), "VersionId": .query("versionId"),
            "ResponseCacheControl": .query("response-cache-control"),
            "ResponseContentDisposition": .query("response-content-disposition"),
            "ResponseContentEncoding": .query("response-content-encoding"),
            "ResponseContentLanguage": .query("response-content-language"),
            "ResponseContentType": .query("response-content-type"), "ResponseExpires": .query("response-expires"),
            "ChecksumMode": .header("x-amz-checksum-mode"),
        ]) { first, _ in first }

    private static let writing = key.merging(customerKey) { first, _ in first }
        .merging([
            "ACL": .header("x-amz-acl"), "Body": .payload, "CacheControl": .header("Cache-Control"),
            "ContentDisposition": .header("Content-Disposition"), "ContentEncoding": .header("Content-Encoding"),
            "ContentLanguage": .header("Content-Language"), "ContentMD5": .header("Content-MD5"),
            "ContentType": .header("Content-Type"), "Expires": .header("Expires"), "IfMatch": .header("If-Match"),
            "IfNoneMatch": .header("If-None-Match"), "Metadata": .headers("x-amz-meta-"),
            "ServerSideEncryption": .header("x-amz-server-side-encryption"),
            "SSEKMSKeyId": .header("x-amz-server-side-encryption-aws-kms-key-id"),
            "BucketKeyEnabled": .header("x-amz-server-side-encryption-bucket-key-enabled"),
            "StorageClass": .header("x-amz-storage-class"), "Tagging": .header("x-amz-tagging"),
            "WebsiteRedirectLocation": .header("x-amz-website-redirect-location"),
        ]) { first, _ in first }

    private static let listing = target.merging([
        "Delimiter": .query("delimiter"), "EncodingType": .query("encoding-type"), "MaxKeys": .query("max-keys"),
        "Prefix": .query("prefix"),
    ]) { first, _ in first }

    private static let metadata: RESTMembers = [
        RESTMember("CacheControl", .header("Cache-Control")),
        RESTMember("ContentDisposition", .header("Content-Disposition")),
        RESTMember("ContentEncoding", .header("Content-Encoding")),
        RESTMember("ContentLanguage", .header("Content-Language")),
        RESTMember("ContentLength", .header("Content-Length"), .integer),
        RESTMember("ContentRange", .header("Content-Range")),
        RESTMember("ContentType", .header("Content-Type")),
        RESTMember("DeleteMarker", .header("x-amz-delete-marker"), .boolean),
        RESTMember("ETag", .header("ETag")),
        RESTMember("Expiration", .header("x-amz-expiration")),
        RESTMember("LastModified", .header("Last-Modified"), .date),
        RESTMember("Metadata", .headers("x-amz-meta-")),
        RESTMember("PartsCount", .header("x-amz-mp-parts-count"), .integer),
        RESTMember("ReplicationStatus", .header("x-amz-replication-status")),
        RESTMember("Restore", .header("x-amz-restore")),
        RESTMember("ServerSideEncryption", .header("x-amz-server-side-encryption")),
        RESTMember("StorageClass", .header("x-amz-storage-class")),
        RESTMember("TagCount", .header("x-amz-tagging-count"), .integer),
        RESTMember("VersionId", .header("x-amz-version-id")),
    ]

    private static let written: RESTMembers = [
        RESTMember("ETag", .header("ETag")), RESTMember("Expiration", .header("x-amz-expiration")),
        RESTMember("ServerSideEncryption", .header("x-amz-server-side-encryption")),
        RESTMember("VersionId", .header("x-amz-version-id")),
    ]

    private static let contents = RESTMember(
        "Contents",
        .body,
        .structures([
            RESTMember("ETag"), RESTMember("Key"), RESTMember("LastModified", .body, .date),
            RESTMember("Size", .body, .integer), RESTMember("StorageClass"),
        ])
    )

    private static let page: RESTMembers = [
        RESTMember("CommonPrefixes", .body, .structures([RESTMember("Prefix")])), RESTMember("Delimiter"),
        RESTMember("EncodingType"), RESTMember("IsTruncated", .body, .boolean),
        RESTMember("MaxKeys", .body, .integer), RESTMember("Name"), RESTMember("Prefix"),
    ]
}
