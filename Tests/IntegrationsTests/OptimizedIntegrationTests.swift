import JSON
import PeerTestSupport
import Testing

@Suite struct OptimizedIntegrationTests {
    private let bench = TaskBench()

    @Test func messageIsSentAsText() async throws {
        let (outcome, requests) = try await bench.run(
            "sqs",
            "sendMessage",
            ["QueueUrl": "q", "MessageBody": ["a": 1, "TaskToken": "t"], "DelaySeconds": .null]
        ) { _ in
            .answer(
                200,
                [("x-amzn-RequestId", "r-1"), ("Content-Type", "application/x-amz-json-1.0")],
                #"{"MessageId":"m-1","MD5OfMessageBody":"d"}"#
            )
        }
        #expect(requests.first?.header("X-Amz-Target") == "AmazonSQS.SendMessage")
        #expect(requests.first?.text == #"{"QueueUrl":"q","MessageBody":"{\"a\":1,\"TaskToken\":\"t\"}"}"#)
        guard case .succeeded(let result) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(result.object?.keys == ["MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"])
        #expect(result["SdkResponseMetadata"] == ["RequestId": "r-1"])
        #expect(result["SdkHttpMetadata"]?["HttpStatusCode"] == 200)
        #expect(result["SdkHttpMetadata"]?["HttpHeaders"]?["Content-Length"] == "42")
        #expect(result["SdkHttpMetadata"]?["AllHttpHeaders"]?["x-amzn-RequestId"] == ["r-1"])
    }

    @Test func refusedMessageHasTheNameOfTheFirstSDK() async throws {
        let (outcome, _) = try await bench.run("sqs", "sendMessage", ["QueueUrl": "q", "MessageBody": .null]) { _ in
            .answer(
                400,
                [("x-amzn-RequestId", "r-2"), ("x-amzn-query-error", "MissingParameter;Sender")],
                ##"{"__type":"com.amazon.coral.service#MissingParameter","##
                    + ##""message":"The request must contain the parameter MessageBody."}"##
            )
        }
        #expect(
            outcome
                == .failed(
                    error: "SQS.AmazonSQSException",
                    cause: "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400;"
                        + " Error Code: MissingParameter; Request ID: r-2; Proxy: null)"
                )
        )
    }

    @Test(arguments: [
        (
            "ResourceNotFoundException", "DynamoDB.ResourceNotFoundException"
        ),
        ("ValidationException", "DynamoDB.AmazonDynamoDBException"),
        ("ConditionalCheckFailedException", "DynamoDB.ConditionalCheckFailedException"),
        ("InternalServerError", "DynamoDB.InternalServerErrorException"),
    ])
    func errorsOfTablesAreNamed(_ code: String, _ name: String) async throws {
        let (outcome, _) = try await bench.run("dynamodb", "putItem", ["TableName": "t"]) { _ in
            .answer(
                400,
                [("x-amzn-RequestId", "r")],
                ##"{"__type":"com.amazonaws.dynamodb.v20120810#\##(code)","message":"no"}"##
            )
        }
        #expect(
            outcome
                == .failed(
                    error: name,
                    cause: "no (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: \(code); Request ID: r;"
                        + " Proxy: null)"
                )
        )
    }

    @Test func topicGetsTextAndErrorsKeepTheirNames() async throws {
        let (outcome, requests) = try await bench.run("sns", "publish", ["TopicArn": "t", "Message": ["a": 1]]) { _ in
            .answer(
                404,
                [("x-amzn-RequestId", "r")],
                "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error>"
                    + "</ErrorResponse>"
            )
        }
        #expect(requests.first?.text.hasSuffix("&Message=%7B%22a%22%3A1%7D") == true)
        #expect(
            outcome
                == .failed(
                    error: "SNS.NotFoundException",
                    cause: "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request"
                        + " ID: r; Proxy: null)"
                )
        )
    }

    @Test func eventsNameTheirExecution() async throws {
        let (outcome, requests) = try await bench.run(
            "events",
            "putEvents",
            ["Entries": [["Detail": ["a": 1], "DetailType": "d", "Resources": ["mine"]]]]
        ) { _ in .answer(200, [], #"{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}"#) }
        let entry = try JSONValue(parsing: try #require(requests.first?.text))["Entries"]?[0]
        #expect(entry?["Detail"] == #"{"a":1}"#)
        #expect(
            entry?["Resources"]
                == [
                    "mine", "arn:aws:states:us-east-1:000000000000:execution:m:e",
                    "arn:aws:states:us-east-1:000000000000:stateMachine:m",
                ]
        )
        guard case .succeeded(let result) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(result.object?.keys == ["Entries", "FailedEntryCount", "SdkHttpMetadata", "SdkResponseMetadata"])
    }

    @Test func refusedEventFailsTheTask() async throws {
        let (outcome, _) = try await bench.run("events", "putEvents", ["Entries": [["Detail": "x"]]]) { _ in
            .answer(
                200,
                [],
                #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}]}"#
            )
        }
        #expect(
            outcome
                == .failed(
                    error: "EventBridge.FailedEntry",
                    cause: #"{"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}],"#
                        + #""FailedEntryCount":1}"#
                )
        )
    }

    @Test func brokenConnectionIsTheClientsError() async throws {
        let (outcome, _) = try await bench.run("sqs", "sendMessage", ["QueueUrl": "q"]) { _ in .hangUp }
        guard case .failed("SQS.SdkClientException", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test(arguments: ["null", "3", "[]", "\"x\""])
    func parametersMustBeAnObject(_ text: String) async throws {
        let (outcome, requests) = try await bench.run("sqs", "sendMessage", try JSONValue(parsing: text)) { _ in
            .answer(200, [], "{}")
        }
        guard case .failed("States.Runtime", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(requests.isEmpty)
    }
}
