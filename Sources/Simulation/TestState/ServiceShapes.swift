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

    /// A value of a table's item; what is inside of it may be anything.
    private static let attribute = ServiceShape.structure([
        "S": .string, "N": .string, "B": .string, "SS": .list(.string), "NS": .list(.string), "BS": .list(.string),
        "M": .map(.anything), "L": .list(.anything), "NULL": .boolean, "BOOL": .boolean,
    ])

    private static let changedItem = optimised([
        "Attributes": .map(attribute), "ConsumedCapacity": capacity,
        "ItemCollectionMetrics": .structure([
            "ItemCollectionKey": .map(attribute), "SizeEstimateRangeGB": .list(.number()),
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
        "dynamodb:getItem": optimised(["Item": .map(attribute), "ConsumedCapacity": capacity]),
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
            "Configuration": functionConfiguration,
            "Code": .structure([
                "RepositoryType": .string, "Location": .string, "ImageUri": .string, "ResolvedImageUri": .string,
                "SourceKMSKeyArn": .string,
            ]),
            "Tags": .map(.string), "Concurrency": .structure(["ReservedConcurrentExecutions": .number(atLeast: 0)]),
        ]),
        "aws-sdk:s3:getObject": .structure(
            strings([
                "Body", "AcceptRanges", "CacheControl", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME",
                "ChecksumSHA1", "ChecksumSHA256", "ContentDisposition", "ContentEncoding", "ContentLanguage",
                "ContentRange", "ContentType", "ETag", "Expiration", "Expires", "LastModified",
                "ObjectLockRetainUntilDate", "Restore", "SSECustomerAlgorithm", "SSECustomerKeyMD5", "SSEKMSKeyId",
                "VersionId", "WebsiteRedirectLocation",
            ])
            .merging([
                "BucketKeyEnabled": .boolean, "DeleteMarker": .boolean, "ContentLength": .number(),
                "MissingMeta": .number(), "PartsCount": .number(), "TagCount": .number(), "Metadata": .map(.string),
                "ChecksumType": .string(oneOf: ["COMPOSITE", "FULL_OBJECT"]),
                "ObjectLockLegalHoldStatus": .string(oneOf: ["ON", "OFF"]),
                "ObjectLockMode": .string(oneOf: ["GOVERNANCE", "COMPLIANCE"]),
                "ReplicationStatus": .string(oneOf: ["COMPLETE", "PENDING", "FAILED", "REPLICA", "COMPLETED"]),
                "RequestCharged": .string(oneOf: ["requester"]),
                "ServerSideEncryption": .string(oneOf: ["AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"]),
                "StorageClass": .string(
                    oneOf: [
                        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
                        "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS",
                        "FSX_ONTAP",
                    ]
                ),
            ]) { _, own in own }
        ),
    ]

    private static func strings(_ names: [String]) -> [String: ServiceShape] {
        Dictionary(uniqueKeysWithValues: names.map { ($0, .string) })
    }

    private static let failure = ServiceShape.structure(["ErrorCode": .string, "Message": .string])

    private static let functionConfiguration = ServiceShape.structure(
        strings([
            "FunctionName", "FunctionArn", "Runtime", "Role", "LastModified", "CodeSha256", "KMSKeyArn", "MasterArn",
            "RevisionId", "StateReason", "StateReasonCode", "LastUpdateStatusReason", "LastUpdateStatusReasonCode",
            "SigningProfileVersionArn", "SigningJobArn",
        ])
        .merging([
            "Handler": .string(0...128), "CodeSize": .number(), "Description": .string(0...256),
            "Timeout": .number(atLeast: 1), "MemorySize": .number(atLeast: 128, atMost: 10_240),
            "Version": .string(1...1_024), "PackageType": .string(oneOf: ["Zip", "Image"]),
            "State": .string(
                oneOf: [
                    "Pending", "Active", "Inactive", "Failed", "Deactivating", "Deactivated", "ActiveNonInvocable",
                    "Deleting",
                ]
            ),
            "LastUpdateStatus": .string(oneOf: ["Successful", "Failed", "InProgress"]),
            "Architectures": .list(.string(oneOf: ["x86_64", "arm64"])),
            "DeadLetterConfig": .structure(["TargetArn": .string]),
            "Environment": .structure(["Variables": .map(.string), "Error": failure]),
            "EphemeralStorage": .structure(["Size": .number(atLeast: 512, atMost: 10_240)], required: ["Size"]),
            "FileSystemConfigs": .list(
                .structure(["Arn": .string, "LocalMountPath": .string], required: ["Arn", "LocalMountPath"])
            ),
            "Layers": .list(
                .structure([
                    "Arn": .string(1...140), "CodeSize": .number(), "SigningProfileVersionArn": .string,
                    "SigningJobArn": .string,
                ])
            ),
            "LoggingConfig": .structure([
                "LogFormat": .string(oneOf: ["JSON", "Text"]),
                "ApplicationLogLevel": .string(oneOf: ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
                "SystemLogLevel": .string(oneOf: ["DEBUG", "INFO", "WARN"]), "LogGroup": .string(1...512),
            ]),
            "SnapStart": .structure([
                "ApplyOn": .string(oneOf: ["PublishedVersions", "None"]),
                "OptimizationStatus": .string(oneOf: ["On", "Off"]),
            ]),
            "TracingConfig": .structure(["Mode": .string(oneOf: ["Active", "PassThrough"])]),
            "VpcConfig": .structure([
                "SubnetIds": .list(.string), "SecurityGroupIds": .list(.string), "VpcId": .string,
                "Ipv6AllowedForDualStack": .boolean,
            ]),
        ]) { _, own in own }
    )
}
