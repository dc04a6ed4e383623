/// What AWS demands of the members of every request.
///
/// Source: the constraints of the public service model of Step Functions (2016-11-23).
enum Constraints {
    static let arn = Constraint.text(1...256)
    static let longARN = Constraint.text(1...2000)
    static let name = Constraint.text(1...80)
    static let definition = Constraint.text(1...1_048_576, isSensitive: true)
    static let description = Constraint.text(0...256, isSensitive: true)
    static let type = Constraint.choice(["STANDARD", "EXPRESS"])
    static let includedData = Constraint.choice(["ALL_DATA", "METADATA_ONLY"])
    static let taskToken = Constraint.text(1...2048)
    static let error = Constraint.text(0...256, isSensitive: true)
    static let cause = Constraint.text(0...32_768, isSensitive: true)

    static let tags = Constraint.list(
        of: .structure([.optional("key", .text(1...128)), .optional("value", .text(0...256))])
    )

    static let logging = Constraint.structure([
        .optional("level", .choice(["ALL", "ERROR", "FATAL", "OFF"])),
        .optional("includeExecutionData", .boolean),
        .optional(
            "destinations",
            .list(of: .structure([.optional("cloudWatchLogsLogGroup", .structure([.optional("logGroupArn", arn)]))]))
        ),
    ])

    static let tracing = Constraint.structure([.optional("enabled", .boolean)])

    static let encryption = Constraint.structure([
        .optional("kmsKeyId", .text(1...2048)),
        .optional("kmsDataKeyReusePeriodSeconds", .integer(60...900)),
        .required("type", .choice(["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"])),
    ])

    static let routing = Constraint.list(
        of: .structure([.required("stateMachineVersionArn", arn), .required("weight", .integer(0...100))]),
        1...2
    )

    static let aliasName = Constraint.text(
        1...80,
        pattern: .init(text: #"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"#) { name in
            let scalars = name.unicodeScalars
            let isAllowed = scalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || scalar.isDigit || "_-.".unicodeScalars.contains(scalar))
            }
            return isAllowed && scalars.contains { !$0.isDigit }
        }
    )

    static let traceHeader = Constraint.text(
        0...256,
        pattern: .init(text: #"\p{ASCII}*"#) { $0.unicodeScalars.allSatisfy(\.isASCII) }
    )

    static let clientToken = Constraint.text(
        1...64,
        pattern: .init(text: "[!-~]+") { $0.unicodeScalars.allSatisfy { ("!"..."~").contains($0) } }
    )

    /// Where a list goes on, and how much of it is wanted.
    static func page(tokenLength: Int = 1024) -> [Constraint.Member] {
        [.optional("maxResults", .integer(0...1000)), .optional("nextToken", .text(1...tokenLength))]
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
