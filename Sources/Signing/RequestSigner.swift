/// Signs requests with Signature Version 4.
package struct RequestSigner: Sendable {
    package let credentials: AWSCredentials
    package let region: String
    package let service: String

    package init(credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The headers that make a request a signed one.
    ///
    /// - Parameters:
    ///   - headers: all headers that are to be signed, `Host` among them.
    ///   - timestamp: `20150830T123600Z`
    package func headers(
        method: String,
        path: String,
        query: String,
        headers: [(name: String, value: String)],
        body: [UInt8],
        timestamp: String
    ) -> [(name: String, value: String)] {
        let payloadHash = SHA256.hexadecimalDigest(body)
        var added: [(name: String, value: String)] = [("X-Amz-Date", timestamp)]
        if let token = credentials.sessionToken { added.append(("X-Amz-Security-Token", token)) }
        // S3 wants the hash as a header, too.
        if service == "s3" { added.append(("X-Amz-Content-Sha256", payloadHash)) }
        let request = CanonicalRequest(
            method: method,
            path: path,
            query: query,
            headers: headers + added,
            payloadHash: payloadHash,
            pathRule: service == "s3" ? .asSent : .normalized
        )
        let scope = SigningScope(timestamp: timestamp, region: region, service: service)
        let signature = scope.signature(of: request, secret: credentials.secretAccessKey)
        added.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope.text), "
                    + "SignedHeaders=\(request.signedHeaders), Signature=\(signature)"
            )
        )
        return added
    }
}
