import AWSClient
import Testing

@Suite struct ConfigurationTests {
    @Test func serviceEndpointGoesBeforeTheCommonOne() throws {
        let configuration = try AWSConfiguration(environment: [
            "AWS_ENDPOINT_URL": "http://localhost:4566/", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9324",
            "AWS_ENDPOINT_URL_EVENTS": "http://events.test",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://secrets.test:8443",
            "AWS_DEFAULT_REGION": "eu-central-1",
        ])
        func origin(_ name: String) throws -> String? {
            configuration.endpoint(of: try #require(AWSService.named(name)))?.origin
        }
        #expect(configuration.region == "eu-central-1")
        #expect(try origin("sqs") == "http://127.0.0.1:9324")
        #expect(try origin("eventbridge") == "http://events.test")
        #expect(try origin("secretsmanager") == "https://secrets.test:8443")
        #expect(try origin("dynamodb") == "http://localhost:4566")
    }

    @Test func nothingIsCalledThatHasNoEndpoint() throws {
        let configuration = try AWSConfiguration(environment: [
            "AWS_ENDPOINT_URL_S3": "http://localhost:9000", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        ])
        #expect(configuration.services.map(\.name) == ["s3"])
    }

    @Test(arguments: [
        "localhost:4566", "ftp://localhost", "http://", "http://a b", "http://u:p@host", "http://host:0",
        "http://host:99999", "http://host/?a=b", "http://host/#a", "http://[::1", "http://::1/",
    ])
    func endpointMustBeAURL(_ text: String) {
        #expect(throws: AWSConfigurationError.invalidEndpoint(variable: "AWS_ENDPOINT_URL", value: text)) {
            try AWSConfiguration(environment: ["AWS_ENDPOINT_URL": text])
        }
    }

    @Test func credentialsComeInPairs() {
        #expect(throws: AWSConfigurationError.missing(variable: "AWS_SECRET_ACCESS_KEY", besides: "AWS_ACCESS_KEY_ID"))
        {
            try AWSConfiguration(environment: ["AWS_ACCESS_KEY_ID": "a"])
        }
    }

    @Test func addressesAreKept() throws {
        let endpoint = try #require(Endpoint("https://[::1]:8443/base/"))
        #expect(endpoint.host == "::1")
        #expect(endpoint.origin == "https://[::1]:8443")
        #expect(endpoint.basePath == "/base")
        #expect(try #require(Endpoint("http://localhost:80")).authority == "localhost")
    }
}
