/// A service of AWS: what its clients must know.
package struct AWSService: Sendable, Hashable {
    /// How requests and responses are written.
    package enum Wire: Sendable, Hashable {
        /// `X-Amz-Target` and JSON both ways.
        case json(version: String, target: String)
        /// A form with `Action` and `Version`, answered in XML.
        case query(version: String)
        /// Verbs and paths, with JSON bodies.
        case restJSON
        /// Verbs and paths, with XML bodies.
        case restXML
    }

    /// `DynamoDB`, `Secrets Manager`
    package let id: String
    /// What `aws-sdk:NAME:…` calls it: `secretsmanager`.
    package let name: String
    /// What stands before its errors: `SecretsManager`.
    package let errorName: String
    /// What it signs with.
    package let signingName: String
    package let wire: Wire
    /// Whether its members begin with a small letter. Step Functions shows them all with a large one.
    let hasSmallMembers: Bool
    /// Errors that any service may answer and that this one has declared.
    let ownErrors: Set<String>

    /// The last part of the variables that say where it is, the SDKs' own first: `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    package var endpointNames: [String] {
        [id, signingName, name]
            .map { name in
                String(name.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
            }
    }

    /// Members with keys of the user's own.
    var maps: Set<String> { JSONServices.maps[name] ?? [] }

    /// Every service that this program can call.
    package static let all: [AWSService] = json + others

    /// nil: this program can't call it.
    package static func named(_ name: String) -> AWSService? { byName[name] }

    package static let s3 = AWSService("S3", wire: .restXML, ownErrors: ["AccessDenied"])
    package static let lambda = AWSService(
        "Lambda",
        wire: .restJSON,
        ownErrors: ["ResourceNotFoundException", "ServiceException"]
    )

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    private static let others: [AWSService] = [
        s3, lambda,
        AWSService("Auto Scaling", wire: .query(version: "2011-01-01")),
        AWSService("CloudFormation", wire: .query(version: "2010-05-15")),
        AWSService("IAM", wire: .query(version: "2010-05-08")),
        AWSService("SES", wire: .query(version: "2010-12-01"), signingName: "ses"),
        AWSService("SNS", wire: .query(version: "2010-03-31")),
        AWSService("STS", wire: .query(version: "2011-06-15")),
    ]

    private init(_ id: String, wire: Wire, signingName: String? = nil, ownErrors: Set<String> = []) {
        self.id = id
        let words = id.split(separator: " ").map(String.init)
        errorName = words.map { $0.uppercased() == $0 ? $0.capitalizedWord : $0 }.joined()
        name = errorName.lowercased()
        self.signingName = signingName ?? name
        self.wire = wire
        hasSmallMembers = false
        self.ownErrors = ownErrors
    }

    // MARK: The table

    private static let json = JSONServices.table.split(separator: "\n").compactMap { AWSService(line: $0) }

    private static let errors: [Character: String] = [
        "A": "AccessDeniedException", "E": "InternalServerError", "I": "InternalServerException",
        "R": "ResourceNotFoundException", "S": "ServiceUnavailableException", "T": "ThrottlingException",
        "V": "ValidationException",
    ]

    /// Errors that say nothing of a service's own: SDKs know them by the service's general error unless it declares
    /// them.
    static let generalErrors: Set<String> = Set(errors.values)

    private init?(line: Substring) {
        let columns = line.split(separator: " ").map(String.init)
        guard columns.count == 7 else { return nil }
        id = columns[0].replacing("_", with: " ")
        errorName = columns[1]
        name = errorName.lowercased()
        signingName = columns[2]
        wire = .json(version: columns[3], target: columns[4])
        hasSmallMembers = columns[5] == "a"
        ownErrors = Set(columns[6].compactMap { Self.errors[$0] })
    }
}

extension String {
    /// `SNS` as `Sns`.
    fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst().lowercased() }
}

extension AWSService {
    /// Whether an error is one that the service has declared, and so has a class of its own in the SDKs.
    package func declares(_ code: String) -> Bool {
        if let declared = Self.declared[name] { return declared.contains(code) }
        return ownErrors.contains(code) || !Self.undeclared.contains(code)
    }

    /// Errors of every service that no service declares, or only those that say so.
    private static let undeclared = generalErrors.union([
        "AccessDenied", "BadRequest", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
        "IncompleteSignatureException", "InternalError", "InternalFailure", "InvalidAction", "InvalidClientTokenId",
        "InvalidParameterCombination", "InvalidParameterValue", "InvalidQueryParameter", "InvalidSignatureException",
        "MalformedQueryString", "MissingAction", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
        "MissingParameter", "MissingRequiredParameterException", "NotAuthorized", "OptInRequired", "RequestExpired",
        "SerializationException", "ServiceUnavailable", "SignatureDoesNotMatch", "Throttling", "TooManyRequests",
        "UnknownOperationException", "UnrecognizedClientException", "ValidationError",
    ])

    /// Services with few errors of their own: all of them.
    private static let declared: [String: Set<String>] = [
        "s3": [
            "BucketAlreadyExists", "BucketAlreadyOwnedByYou", "EncryptionTypeMismatch",
            "IdempotencyParameterMismatch", "InvalidObjectState", "InvalidRequest", "InvalidWriteOffset",
            "NoSuchBucket", "NoSuchKey", "NoSuchUpload", "ObjectAlreadyInActiveTierError",
            "ObjectNotInActiveTierError", "TooManyParts",
        ],
        "sqs": [
            "BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidAddress",
            "InvalidAttributeName", "InvalidAttributeValue", "InvalidBatchEntryId", "InvalidIdFormat",
            "InvalidMessageContents", "InvalidSecurity", "KmsAccessDenied", "KmsDisabled", "KmsInvalidKeyUsage",
            "KmsInvalidState", "KmsNotFound", "KmsOptInRequired", "KmsThrottled", "MessageNotInflight", "OverLimit",
            "PurgeQueueInProgress", "QueueDeletedRecently", "QueueDoesNotExist", "QueueNameExists",
            "ReceiptHandleIsInvalid", "RequestThrottled", "ResourceNotFoundException",
            "TooManyEntriesInBatchRequest", "UnsupportedOperation",
        ],
    ]
}
