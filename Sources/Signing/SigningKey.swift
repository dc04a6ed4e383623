/// Who signs.
package struct AWSCredentials: Sendable, Hashable {
    package let accessKeyID: String
    package let secretAccessKey: String
    package let sessionToken: String?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// What a signature is good for: one day, one region, one service.
package struct SigningScope: Sendable, Hashable {
    /// `20150830T123600Z`
    package let timestamp: String
    package let region: String
    /// The name by which the service signs: `execute-api`, `states`.
    package let service: String

    package init(timestamp: String, region: String, service: String) {
        self.timestamp = timestamp
        self.region = region
        self.service = service
    }

    package var date: String { String(timestamp.prefix(8)) }

    /// `20150830/us-east-1/iam/aws4_request`
    package var text: String { "\(date)/\(region)/\(service)/aws4_request" }

    /// The signature of a request: sixty-four hexadecimal digits. Whoever verifies makes it anew from the request that
    /// came and the secret of the key that it names, and compares with ``SHA256/areEqual(_:_:)``.
    package func signature(of request: CanonicalRequest, secret: String) -> String {
        signature(of: request, key: key(secret: secret))
    }

    /// The signature of a request, with a ``key(secret:)`` made before.
    package func signature(of request: CanonicalRequest, key: SigningKey) -> String {
        let text = "AWS4-HMAC-SHA256\n\(timestamp)\n\(self.text)\n\(SHA256.hexadecimalDigest(request.text.utf8))"
        return SHA256.hexadecimal(SHA256.hmac(text.utf8, key: key.bytes))
    }

    /// What signs all requests of the scope.
    package func key(secret: String) -> SigningKey {
        SigningKey(
            bytes: [date, region, service, "aws4_request"]
                .reduce(Array("AWS4\(secret)".utf8)) { key, part in SHA256.hmac(part.utf8, key: key) }
        )
    }
}

/// What is made of a secret for one day, one region and one service.
package struct SigningKey: Sendable, Hashable {
    fileprivate let bytes: [UInt8]
}
