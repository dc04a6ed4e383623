import AWSClient
import JSON
import PeerTestSupport
import Testing

@Suite struct ServiceCallTests {
    /// Calls an action at a server that answers as `answer` says.
    private func call(
        _ service: String,
        _ action: String,
        _ parameters: JSONObject,
        bounds: HTTPTransport.Bounds = HTTPTransport.Bounds(time: .seconds(30)),
        environment: [String: String] = [:],
        _ answer: @escaping @Sendable (PeerRequest) -> PeerReply
    ) async throws -> (result: Result<ServiceReply, ServiceError>, requests: [PeerRequest]) {
        let server = try await LoopbackServer.start(answer)
        let configuration = try AWSConfiguration(
            environment: environment.merging(["AWS_ENDPOINT_URL": server.url]) { first, _ in first }
        )
        let client = AWSClient(configuration: configuration)
        let service = try #require(AWSService.named(service))
        let result: Result<ServiceReply, ServiceError>
        do throws(ServiceError) {
            result = .success(try await client.call(service, action, parameters, bounds: bounds))
        } catch {
            result = .failure(error)
        }
        await client.close()
        await server.stop()
        return (result, server.requests)
    }

    private func fault(_ result: Result<ServiceReply, ServiceError>) -> ServiceFault? {
        if case .failure(.fault(let fault)) = result { fault } else { nil }
    }

    @Test func jsonRequestIsTargetedAndSigned() async throws {
        let (result, requests) = try await call(
            "dynamodb",
            "PutItem",
            ["TableName": "t", "Item": ["id": ["S": "1"]], "ReturnValues": .null],
            environment: [
                "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
                "AWS_REGION": "eu-west-1",
            ]
        ) { _ in .answer(200, [("x-amzn-RequestId", "r-1")], #"{"Attributes":{"id":{"S":"1"}}}"#) }
        let reply = try result.get()
        #expect(reply.output == ["Attributes": ["id": ["S": "1"]]])
        #expect(reply.requestID == "r-1")
        let request = try #require(requests.first)
        #expect(request.header("X-Amz-Target") == "DynamoDB_20120810.PutItem")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.0")
        #expect(request.text == #"{"TableName":"t","Item":{"id":{"S":"1"}}}"#)
        #expect(request.header("X-Amz-Security-Token") == "token")
        let authorization = try #require(request.header("Authorization"))
        #expect(authorization.contains("/eu-west-1/dynamodb/aws4_request"))
        #expect(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"))
    }

    @Test func membersGetTheFirstLetterThatTheServiceWants() async throws {
        let (result, requests) = try await call(
            "ecs",
            "RunTask",
            ["Cluster": "c", "Overrides": ["ContainerOverrides": [["Name": "n"]]], "Options": ["Key": "v"]]
        ) { _ in .answer(200, [], #"{"tasks":[{"createdAt":1700000000.5,"startedBy":"me","labels":{"k":"v"}}]}"#) }
        #expect(
            requests.first?.text
                == #"{"cluster":"c","overrides":{"containerOverrides":[{"name":"n"}]},"options":{"Key":"v"}}"#
        )
        #expect(
            try result.get().output
                == ["Tasks": [["CreatedAt": "2023-11-14T22:13:20.500Z", "StartedBy": "me", "Labels": ["k": "v"]]]]
        )
    }

    @Test func timesAreSecondsOnTheWire() async throws {
        let (_, requests) = try await call(
            "eventbridge",
            "PutEvents",
            ["Entries": [["Time": "2023-11-14T22:13:20Z", "Detail": "{}"]]]
        ) { _ in .answer(200, [], "{}") }
        #expect(requests.first?.text == #"{"Entries":[{"Time":1700000000,"Detail":"{}"}]}"#)
    }

    @Test func queryRequestIsAForm() async throws {
        let (result, requests) = try await call(
            "sns",
            "Publish",
            [
                "TopicArn": "arn:t", "Message": "a b&c",
                "MessageAttributes": ["k": ["DataType": "String", "StringValue": "v"]],
            ]
        ) { _ in
            .answer(
                200,
                [],
                "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m-1"
                    + "</MessageId></PublishResult><ResponseMetadata><RequestId>r-2</RequestId></ResponseMetadata>"
                    + "</PublishResponse>"
            )
        }
        #expect(
            requests.first?.text
                == "Action=Publish&Version=2010-03-31&TopicArn=arn%3At&Message=a%20b%26c"
                + "&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=String"
                + "&MessageAttributes.entry.1.Value.StringValue=v"
        )
        let reply = try result.get()
        #expect(reply.output == ["MessageId": "m-1"])
        #expect(reply.requestID == "r-2")
    }

    @Test func objectIsReadWithItsHeaders() async throws {
        let (result, requests) = try await call("s3", "GetObject", ["Bucket": "b", "Key": "a dir/ü.txt"]) { _ in
            .answer(
                200,
                [
                    ("ETag", "\"e\""), ("Last-Modified", "Wed, 12 Oct 2022 17:50:00 GMT"), ("accept-ranges", "bytes"),
                    ("x-amz-meta-owner", "me"),
                ],
                "content"
            )
        }
        #expect(requests.first?.target == "/b/a%20dir/%C3%BC.txt")
        #expect(
            try result.get().output
                == [
                    "AcceptRanges": "bytes", "ContentLength": 7, "ETag": "\"e\"",
                    "LastModified": "2022-10-12T17:50:00Z", "Metadata": ["owner": "me"], "Body": "content",
                ]
        )
    }

    @Test func objectsAreListed() async throws {
        let (result, requests) = try await call("s3", "ListObjectsV2", ["Bucket": "b", "Prefix": "p/", "MaxKeys": 2]) {
            _ in
            .answer(
                200,
                [],
                """
                <?xml version="1.0"?><ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated>
                <Contents><Key>p/1 &amp; 2</Key><Size>3</Size></Contents>
                <NextContinuationToken>n</NextContinuationToken></ListBucketResult>
                """
            )
        }
        #expect(requests.first?.target == "/b?list-type=2&prefix=p%2F&max-keys=2")
        let output = try result.get().output
        #expect(output["Contents"] == [["Key": "p/1 & 2", "Size": 3]])
        #expect(output["IsTruncated"] == true)
        #expect(output["NextContinuationToken"] == "n")
    }

    @Test func faultsAreReadInEveryProtocol() async throws {
        let json = try await call("dynamodb", "GetItem", [:]) { _ in
            .answer(
                400,
                [("x-amzn-RequestId", "r"), ("x-amzn-query-error", "Legacy;Sender")],
                #"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}"#
            )
        }
        let fault = try #require(self.fault(json.result))
        #expect(fault.code == "ResourceNotFoundException")
        #expect(fault.legacyCode == "Legacy")
        #expect(fault.message == "no table")
        #expect(fault.requestID == "r")

        let query = try await call("sns", "Publish", [:]) { _ in
            .answer(
                404,
                [],
                "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message>"
                    + "</Error><RequestId>r-3</RequestId></ErrorResponse>"
            )
        }
        #expect(self.fault(query.result)?.code == "NotFound")
        #expect(self.fault(query.result)?.message == "Topic does not exist")
        #expect(self.fault(query.result)?.requestID == "r-3")

        let xml = try await call("s3", "GetObject", ["Bucket": "b", "Key": "k"]) { _ in
            .answer(
                404,
                [],
                "<Error><Code>NoSuchKey</Code><Message>gone</Message><RequestId>r</RequestId><HostId>h</HostId></Error>"
            )
        }
        #expect(self.fault(xml.result)?.code == "NoSuchKey")
        #expect(self.fault(xml.result)?.extendedRequestID == "h")
    }

    @Test func redirectIsNotFollowed() async throws {
        let (result, requests) = try await call("dynamodb", "GetItem", [:]) { _ in
            .answer(307, [("Location", "http://169.254.169.254/latest/meta-data/")], "")
        }
        #expect(fault(result)?.status == 307)
        #expect(requests.count == 1)
    }

    @Test func responseIsBoundedInSizeAndTime() async throws {
        let large = try await call("sqs", "ReceiveMessage", [:], bounds: .init(time: .seconds(30), responseBytes: 100))
        { _ in
            .answer(200, [], #"{"a":"\#(String(repeating: "x", count: 200))"}"#)
        }
        guard case .failure(.transport(.responseTooLarge(limit: 100))) = large.result else {
            Issue.record("\(large.result)")
            return
        }
        let silent = try await call("sqs", "ReceiveMessage", [:], bounds: .init(time: .milliseconds(50))) { _ in
            .silence
        }
        guard case .failure(.transport(.timedOut)) = silent.result else {
            Issue.record("\(silent.result)")
            return
        }
    }

    @Test func serviceWithoutEndpointSaysWhatToSet() async throws {
        let client = AWSClient(configuration: try AWSConfiguration(environment: [:]))
        let service = try #require(AWSService.named("secretsmanager"))
        do throws(ServiceError) {
            _ = try await client.call(service, "GetSecretValue", [:])
            Issue.record("the call should have failed")
        } catch {
            guard case .invalidRequest(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("AWS_ENDPOINT_URL_SECRETS_MANAGER"))
        }
        await client.close()
    }

    @Test(arguments: [
        "", "<", "<a>", "<a><b></a>", "{", #"{"__type":1}"#,
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        String(repeating: "<a>", count: 100_000),
    ])
    func damagedAnswersAreErrors(_ body: String) async throws {
        for service in ["dynamodb", "sns"] {
            let refused = try await call(service, "Publish", [:]) { _ in .answer(500, [], body) }
            #expect(fault(refused.result) != nil)
            #expect(fault(refused.result)?.message.contains("root:") == false)
            let accepted = try await call(service, "Publish", [:]) { _ in .answer(200, [], body) }
            if case .success(let reply) = accepted.result { #expect(reply.output.count <= 1) }
        }
    }
}
