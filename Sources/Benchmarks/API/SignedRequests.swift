import Foundation
import NIOCore
import Signing

/// Makes requests for the server's API, signed as AWS's tools sign them, as bytes to send.
struct SignedRequests: Sendable {
    let port: Int
    let signer: RequestSigner

    init(port: Int, keyID: String, secret: String) {
        self.port = port
        signer = RequestSigner(
            credentials: AWSCredentials(accessKeyID: keyID, secretAccessKey: secret),
            region: "us-east-1",
            service: "states"
        )
    }

    func bytes(_ operation: String, _ body: String) -> ByteBuffer {
        let signed: [(name: String, value: String)] = [
            ("Host", "127.0.0.1:\(port)"), ("X-Amz-Target", "AWSStepFunctions.\(operation)"),
        ]
        let added = signer.headers(
            method: "POST",
            path: "/",
            query: "",
            headers: signed,
            body: Array(body.utf8),
            timestamp: Self.timestamp()
        )
        let others = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", "\(body.utf8.count)")]
        let lines = (signed + added + others).map { "\($0.0): \($0.1)\r\n" }.joined()
        return ByteBuffer(string: "POST / HTTP/1.1\r\n\(lines)\r\n\(body)")
    }

    /// The present time as signatures have it: `20150830T123600Z`.
    private static func timestamp() -> String {
        var parts = DateComponents()
        parts = Calendar(identifier: .iso8601).dateComponents(in: .gmt, from: Date())
        return String(
            format: "%04d%02d%02dT%02d%02d%02dZ",
            parts.year ?? 0,
            parts.month ?? 0,
            parts.day ?? 0,
            parts.hour ?? 0,
            parts.minute ?? 0,
            parts.second ?? 0
        )
    }
}
