import JSON

/// The results of the services that mocks are checked against. A service that is not here is not checked.
enum ServiceShapes {
    /// What the work of a Task with this resource comes to; for one that waits for a job, the answer to the question
    /// how the job is.
    static func result(of arn: String) -> ServiceShape? {
        guard let start = arn.firstRange(of: ":states:::") else { return nil }
        let name = arn[start.upperBound...]
        if name.hasSuffix(".waitForTaskToken") { return nil }
        return table[String(name)]
    }

    private static let sdk: [String: ServiceShape] = [
        "SdkHttpMetadata": .structure([
            "AllHttpHeaders": .map(.list(.string)), "HttpHeaders": .map(.string), "HttpStatusCode": .number(),
        ]),
        "SdkResponseMetadata": .structure(["RequestId": .string]),
    ]

    private static func optimised(
        _ fields: [String: ServiceShape],
        required: [String] = []
    ) -> ServiceShape {
        .structure(fields.merging(sdk) { own, _ in own }, required: required)
    }

    private static let execution = optimised(
        [
            "ExecutionArn": .string, "StateMachineArn": .string, "Name": .string, "Status": status,
            "StartDate": .string, "StopDate": .string, "Input": .anything, "Output": .anything, "Error": .string,
            "Cause": .string, "RedriveCount": .number(), "RedriveStatus": .string,
        ],
        required: ["ExecutionArn", "StateMachineArn", "Status", "StartDate"]
    )

    private static let status = ServiceShape.string(
        oneOf: ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]
    )

    private static let started = optimised(
        ["ExecutionArn": .string, "StartDate": .string],
        required: ["ExecutionArn", "StartDate"]
    )

    private static let capacity = ServiceShape.structure([
        "CapacityUnits": .number(), "ReadCapacityUnits": .number(), "WriteCapacityUnits": .number(),
        "TableName": .string(1...1_024), "Table": units, "LocalSecondaryIndexes": .map(units),
        "GlobalSecondaryIndexes": .map(units),
    ])

    private static let units = ServiceShape.structure([
        "CapacityUnits": .number(), "ReadCapacityUnits": .number(), "WriteCapacityUnits": .number(),
    ])

    private static let changedItem = optimised([
        "Attributes": .map(.anything), "ConsumedCapacity": capacity,
        "ItemCollectionMetrics": .structure([
            "ItemCollectionKey": .map(.anything), "SizeEstimateRangeGB": .list(.number()),
        ]),
    ])

    private static let table: [String: ServiceShape] = [
        "lambda:invoke": optimised([
            "StatusCode": .number(), "ExecutedVersion": .string(1...1_024), "FunctionError": .string,
            "LogResult": .string, "Payload": .anything,
        ]),
        "states:startExecution": started,
        "states:startExecution.sync": execution,
        "states:startExecution.sync:2": execution,
        "events:putEvents": optimised([
            "FailedEntryCount": .number(),
            "Entries": .list(
                .structure(["EventId": .string, "ErrorCode": .string, "ErrorMessage": .string])
            ),
        ]),
        "sqs:sendMessage": optimised([
            "MD5OfMessageBody": .string, "MD5OfMessageAttributes": .string, "MD5OfMessageSystemAttributes": .string,
            "MessageId": .string, "SequenceNumber": .string,
        ]),
        "sns:publish": optimised(["MessageId": .string, "SequenceNumber": .string]),
        "dynamodb:getItem": optimised(["Item": .map(.anything), "ConsumedCapacity": capacity]),
        "dynamodb:putItem": changedItem,
        "dynamodb:updateItem": changedItem,
        "dynamodb:deleteItem": changedItem,
        "aws-sdk:kms:encrypt": .structure([
            "CiphertextBlob": .string(1...6_144), "KeyId": .string(1...2_048),
            "EncryptionAlgorithm": .string(
                oneOf: ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]
            ),
        ]),
        "aws-sdk:lambda:getFunction": .structure([
            "Configuration": .structure([
                "FunctionName": .string, "FunctionArn": .string, "Runtime": .string, "Role": .string,
                "Handler": .string(0...128), "CodeSize": .number(), "Description": .string(0...256),
                "Timeout": .number(atLeast: 1), "MemorySize": .number(atLeast: 128, atMost: 10_240),
                "LastModified": .string, "CodeSha256": .string, "Version": .string(1...1_024),
                "PackageType": .string(oneOf: ["Zip", "Image"]),
                "State": .string(oneOf: ["Pending", "Active", "Inactive", "Failed"]),
                "Architectures": .list(.string(oneOf: ["x86_64", "arm64"])),
            ]),
            "Code": .structure(["RepositoryType": .string, "Location": .string, "ImageUri": .string]),
            "Tags": .map(.string),
            "Concurrency": .structure(["ReservedConcurrentExecutions": .number(atLeast: 0)]),
        ]),
        "aws-sdk:s3:getObject": .structure([
            "Body": .string, "AcceptRanges": .string, "ContentLength": .number(), "ContentType": .string,
            "ContentEncoding": .string, "DeleteMarker": .boolean, "ETag": .string, "Expiration": .string,
            "LastModified": .string, "Metadata": .map(.string), "MissingMeta": .number(), "PartsCount": .number(),
            "TagCount": .number(), "VersionId": .string, "BucketKeyEnabled": .boolean,
            "ServerSideEncryption": .string(oneOf: ["AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"]),
            "StorageClass": .string(
                oneOf: [
                    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
                    "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS",
                ]
            ),
        ]),
    ]
}
