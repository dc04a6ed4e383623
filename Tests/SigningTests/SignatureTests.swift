import Signing
import Testing

/// The requests of AWS's published test suite for Signature Version 4, and their signatures.
@Suite struct SignatureTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var path = "/"
        var query = ""
        var headers: [(name: String, value: String)] = []
        var body = ""
        var token: String?
        var service = "service"
        var signature: String

        var testDescription: String { name }
    }

    static let token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8Y"
        + "UuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8"
        + "YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2IC"
        + "CR/oLxBA=="

    static let vectors: [Vector] = [
        Vector(name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            name: "post-vanilla",
            method: "POST",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
        Vector(
            name: "get-vanilla-query-order-key",
            query: "Param2=value2&Param1=value1",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        Vector(
            name: "get-vanilla-query-order-value",
            query: "Param1=value2&Param1=Value1",
            signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"
        ),
        Vector(
            name: "get-unreserved",
            path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"
        ),
        Vector(
            name: "get-space-normalized",
            path: "/example%20space/",
            signature: "446b817944c553435b35e813c261ff4e161fff982d1bacdef1c87f6785dd1662"
        ),
        Vector(
            name: "get-utf8",
            path: "/%E1%88%B4",
            signature: "697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d"
        ),
        Vector(
            name: "get-relative-normalized",
            path: "/example/..",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
        Vector(
            name: "get-header-value-trim",
            headers: [("My-Header1", " value1 "), ("My-Header2", " \"a   b   c\" ")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        Vector(
            name: "post-x-www-form-urlencoded",
            method: "POST",
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: "Param1=value1",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        ),
        Vector(
            name: "post-sts-header-before",
            method: "POST",
            token: token,
            signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
        ),
        Vector(
            name: "S3 takes the path as it is",
            path: "/a//b%20c/../d",
            service: "s3",
            signature: "6dd5b3e3be51aff704fc1742b023da9c9ee0b8c0a66e2f3273ca55dd95ad15ad"
        ),
    ]

    @Test(arguments: vectors)
    func requestIsSigned(_ vector: Vector) throws {
        let signer = RequestSigner(
            credentials: AWSCredentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                sessionToken: vector.token
            ),
            region: "us-east-1",
            service: vector.service
        )
        let headers = signer.headers(
            method: vector.method,
            path: vector.path,
            query: vector.query,
            headers: [("Host", "example.amazonaws.com")] + vector.headers,
            body: Array(vector.body.utf8),
            timestamp: "20150830T123600Z"
        )
        let authorization = try #require(headers.last)
        #expect(authorization.name == "Authorization")
        #expect(authorization.value.hasSuffix("Signature=\(vector.signature)"))
        #expect(
            authorization.value.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/\(vector.service)/aws4_request, "
                    + "SignedHeaders="
            )
        )
    }

    @Test func signedHeadersAreNamedInOrder() throws {
        let request = CanonicalRequest(
            method: "GET",
            path: "/",
            query: "",
            headers: [("X-Amz-Date", "20150830T123600Z"), ("Host", "h"), ("A", "1"), ("a", "2")],
            payloadHash: CanonicalRequest.unsignedPayload
        )
        #expect(request.signedHeaders == "a;host;x-amz-date")
        #expect(request.text.hasPrefix("GET\n/\n\na:1,2\nhost:h\nx-amz-date:20150830T123600Z\n\n"))
        #expect(request.text.hasSuffix("\nUNSIGNED-PAYLOAD"))
    }

    @Test func textIsEncodedAndDecoded() {
        #expect(PercentEncoding.encode("a b/ü~*+") == "a%20b%2F%C3%BC~%2A%2B")
        #expect(PercentEncoding.encode("a/b c", keepsSlashes: true) == "a/b%20c")
        #expect(PercentEncoding.decode("a%20b%2F%C3%bc%zz%4") == "a b/ü%zz%4")
    }
}
