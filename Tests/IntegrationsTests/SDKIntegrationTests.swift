import JSON
import PeerTestSupport
import Testing

@Suite struct SDKIntegrationTests {
    private let bench = TaskBench()

    @Test func resultIsTheServicesOwn() async throws {
        let (outcome, requests) = try await bench.run(
            "aws-sdk:dynamodb",
            "query",
            ["TableName": "t", "KeyConditionExpression": "id = :id"]
        ) { _ in .answer(200, [], #"{"Count":1,"Items":[{"id":{"S":"1"}}],"ScannedCount":1}"#) }
        #expect(requests.first?.header("X-Amz-Target") == "DynamoDB_20120810.Query")
        #expect(outcome == .succeeded(["Count": 1, "Items": [["id": ["S": "1"]]], "ScannedCount": 1]))
    }

    @Test(arguments: [
        (
            "aws-sdk:dynamodb", "putItem", "ResourceNotFoundException", "DynamoDb.ResourceNotFoundException",
            "DynamoDb"
        ),
        ("aws-sdk:dynamodb", "putItem", "ValidationException", "DynamoDb.DynamoDbException", "DynamoDb"),
        (
            "aws-sdk:secretsmanager", "createSecret", "ValidationException",
            "SecretsManager.SecretsManagerException", "SecretsManager"
        ),
        (
            "aws-sdk:secretsmanager", "getSecretValue", "ResourceNotFoundException",
            "SecretsManager.ResourceNotFoundException", "SecretsManager"
        ),
        ("aws-sdk:sqs", "sendMessage", "QueueDoesNotExist", "Sqs.QueueDoesNotExistException", "Sqs"),
        ("aws-sdk:kms", "decrypt", "AccessDeniedException", "Kms.KmsException", "Kms"),
    ])
    func errorsHaveTheNamesOfTheSecondSDK(
        _ service: String,
        _ action: String,
        _ code: String,
        _ name: String,
        _ shown: String
    ) async throws {
        let (outcome, _) = try await bench.run(service, action, ["Name": "x"]) { _ in
            .answer(400, [("x-amzn-RequestId", "r")], #"{"__type":"\#(code)","message":"no"}"#)
        }
        #expect(
            outcome == .failed(error: name, cause: "no (Service: \(shown), Status Code: 400, Request ID: r)")
        )
    }

    @Test func missingObjectIsNamed() async throws {
        let (outcome, _) = try await bench.run("aws-sdk:s3", "getObject", ["Bucket": "b", "Key": "k"]) { _ in
            .answer(
                404,
                [("x-amz-request-id", "r"), ("x-amz-id-2", "x")],
                "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
            )
        }
        #expect(
            outcome
                == .failed(
                    error: "S3.NoSuchKeyException",
                    cause: "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: r, Extended"
                        + " Request ID: x)"
                )
        )
    }

    @Test func objectIsAResult() async throws {
        let (outcome, _) = try await bench.run("aws-sdk:s3", "getObject", ["Bucket": "b", "Key": "k"]) { _ in
            .answer(
                200,
                [
                    ("accept-ranges", "bytes"), ("Content-Type", "binary/octet-stream"), ("ETag", "\"e\""),
                    ("Last-Modified", "Wed, 12 Oct 2022 17:50:00 GMT"), ("x-amz-server-side-encryption", "AES256"),
                ],
                "binary data"
            )
        }
        #expect(
            outcome
                == .succeeded([
                    "AcceptRanges": "bytes", "ContentLength": 11, "ContentType": "binary/octet-stream",
                    "ETag": "\"e\"", "LastModified": "2022-10-12T17:50:00Z", "Metadata": [:],
                    "ServerSideEncryption": "AES256", "Body": "binary data",
                ])
        )
    }

    @Test func repeatedRequestIsRecognised() async throws {
        let (_, requests) = try await bench.run("aws-sdk:secretsmanager", "createSecret", ["Name": "n"]) { _ in
            .answer(200, [], "{}")
        }
        #expect(requests.first?.text == #"{"Name":"n","ClientRequestToken":"key-1"}"#)
    }

    @Test func functionIsInvokedAsTheSDKDoes() async throws {
        let (outcome, requests) = try await bench.run(
            "aws-sdk:lambda",
            "invoke",
            ["FunctionName": "arn:f", "Payload": ["a": 1]]
        ) { _ in .answer(200, [("X-Amz-Executed-Version", "$LATEST")], #"{"b":2}"#) }
        #expect(requests.first?.target == "/2015-03-31/functions/arn%3Af/invocations")
        #expect(requests.first?.text == #"{"a":1}"#)
        #expect(
            outcome == .succeeded(["ExecutedVersion": "$LATEST", "Payload": #"{"b":2}"#, "StatusCode": 200])
        )
    }

    @Test func unknownServiceAndActionAreRefused() async throws {
        for (service, action) in [("aws-sdk:nosuchthing", "doIt"), ("aws-sdk:s3", "doIt"), ("glue", "startJobRun")] {
            let (outcome, requests) = try await bench.run(service, action, [:]) { _ in .answer(200, [], "{}") }
            guard case .failed("States.Runtime", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(requests.isEmpty)
        }
    }
}
