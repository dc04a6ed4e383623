import Integrations
import JSON
import PeerTestSupport
import Testing

@Suite struct HTTPTaskTests {
    private static let connections = """
        {"Connections": [
          {"Name": "basic", "AuthorizationType": "BASIC", "AuthParameters": {
            "BasicAuthParameters": {"Username": "me", "Password": "secret"},
            "InvocationHttpParameters": {
              "HeaderParameters": [{"Key": "X-Tenant", "Value": "t1"}],
              "QueryStringParameters": [{"Key": "tenant", "Value": "t 1"}],
              "BodyParameters": [{"Key": "tenant", "Value": "t1"}]}}},
          {"Name": "key", "AuthorizationType": "API_KEY", "AuthParameters": {
            "ApiKeyAuthParameters": {"ApiKeyName": "x-api-key", "ApiKeyValue": "k1"}}}
        ]}
        """

    private func bench(allowed: String = "127.0.0.1") throws -> TaskBench {
        TaskBench(allowed: allowed, connections: try Connections(parsing: Self.connections))
    }

    private func parameters(_ server: LoopbackServer, _ connection: String, _ more: JSONObject = [:]) -> JSONValue {
        var parameters: JSONObject = [
            "ApiEndpoint": .string(server.url + "/orders?fixed=1"), "Method": "POST",
            "Authentication": [
                "ConnectionArn": .string("arn:aws:events:us-east-1:000000000000:connection/\(connection)/5d1c")
            ],
        ]
        for member in more { parameters[member.key] = member.value }
        return .object(parameters)
    }

    @Test func connectionGoesBeforeTheDefinition() async throws {
        let (outcome, requests) = try await bench()
            .run("http", "invoke") { server in
                parameters(
                    server,
                    "basic",
                    [
                        "Headers": ["X-Tenant": "other", "X-Mine": ["a", "b"]],
                        "RequestBody": ["tenant": "other", "n": 1],
                        "QueryParameters": ["tenant": "other", "page": 2],
                    ]
                )
            } answer: { _ in
                .answer(201, [("Content-Type", "application/json"), ("x-id", "7")], #"{"ok":true}"#)
            }
        let request = try #require(requests.first)
        #expect(request.target == "/orders?fixed=1&page=2&tenant=t%201")
        #expect(request.header("Authorization") == "Basic bWU6c2VjcmV0")
        #expect(request.headers.filter { $0.name.lowercased() == "x-tenant" }.map(\.value) == ["t1"])
        #expect(request.headers.filter { $0.name.lowercased() == "x-mine" }.map(\.value) == ["a", "b"])
        #expect(try JSONValue(parsing: request.text) == ["tenant": "t1", "n": 1])
        #expect(request.header("Content-Type") == "application/json")
        #expect(
            outcome
                == .succeeded([
                    "Headers": [
                        "Content-Length": ["11"], "Content-Type": ["application/json"], "x-id": ["7"],
                    ],
                    "ResponseBody": ["ok": true], "StatusCode": 201, "StatusText": "Created",
                ])
        )
    }

    @Test(arguments: [
        ("INDICES", "a%5B0%5D=1&a%5B1%5D=2&b%5Bc%5D=x%20y"), ("REPEAT", "a=1&a=2&b%5Bc%5D=x%20y"),
        ("COMMAS", "a=1%2C2&b%5Bc%5D=x%20y"), ("BRACKETS", "a%5B%5D=1&a%5B%5D=2&b%5Bc%5D=x%20y"),
    ])
    func bodyCanBeAForm(_ format: String, _ expected: String) async throws {
        let (_, requests) = try await bench()
            .run("http", "invoke") { server in
                parameters(
                    server,
                    "key",
                    [
                        "RequestBody": ["a": [1, 2], "b": ["c": "x y"]],
                        "Transform": [
                            "RequestBodyEncoding": "URL_ENCODED",
                            "RequestEncodingOptions": ["ArrayFormat": .string(format)],
                        ],
                    ]
                )
            } answer: { _ in
                .answer(200, [], "")
            }
        #expect(requests.first?.text == expected)
        #expect(requests.first?.header("Content-Type") == "application/x-www-form-urlencoded;charset=UTF-8")
        #expect(requests.first?.header("x-api-key") == "k1")
    }

    @Test func statusIsTheErrorsName() async throws {
        let (outcome, _) = try await bench()
            .run("http", "invoke") {
                parameters($0, "key")
            } answer: { _ in
                .answer(404, [], #"{"message":"no such order"}"#)
            }
        #expect(outcome == .failed(error: "States.Http.StatusCode.404", cause: #"{"message":"no such order"}"#))
    }

    @Test func redirectIsNotFollowed() async throws {
        let (outcome, requests) = try await bench()
            .run("http", "invoke") {
                parameters($0, "key")
            } answer: { _ in
                .answer(302, [("Location", "http://169.254.169.254/")], "")
            }
        #expect(outcome == .failed(error: "States.Http.StatusCode.302", cause: "Found"))
        #expect(requests.count == 1)
    }

    @Test func silenceIsASocketError() async throws {
        let (outcome, _) = try await bench()
            .run("http", "invoke", time: .milliseconds(100)) {
                parameters($0, "key")
            } answer: { _ in
                .silence
            }
        guard case .failed("States.Http.Socket", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func requestIsSentOnce() async throws {
        let (outcome, requests) = try await bench()
            .run("http", "invoke") {
                parameters($0, "key")
            } answer: { _ in
                .hangUp
            }
        guard case .failed("States.Http.Socket", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(requests.count == 1)
    }

    @Test func largeResponseIsRefused() async throws {
        let (outcome, _) = try await bench()
            .run("http", "invoke") {
                parameters($0, "key")
            } answer: { _ in
                .answer(200, [], String(repeating: "x", count: 300_000))
            }
        guard case .failed("States.DataLimitExceeded", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func privateAddressesAreClosed() async throws {
        for allowed in ["", "10.0.0.0/8", "::1"] {
            let (outcome, requests) = try await bench(allowed: allowed)
                .run("http", "invoke") {
                    parameters($0, "key")
                } answer: { _ in
                    .answer(200, [], "")
                }
            guard case .failed("States.Http.Socket", let cause) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(cause.contains("127.0.0.1"))
            #expect(requests.isEmpty)
        }
    }

    @Test(arguments: [
        "http://localhost:PORT/", "http://[::1]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://0.0.0.0:PORT/",
        "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://10.0.0.1/", "http://[fd00::1]/",
        "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://127.1:PORT/",
    ])
    func noSpellingOpensThem(_ url: String) async throws {
        let (outcome, requests) = try await bench(allowed: "")
            .run("http", "invoke") { server in
                parameters(server, "key", ["ApiEndpoint": .string(url.replacing("PORT", with: String(server.port)))])
            } answer: { _ in
                .answer(200, [], "")
            }
        guard case .failed("States.Http.Socket", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(requests.isEmpty)
    }

    @Test(arguments: [
        "Host", "content-length", "Transfer-Encoding", "X-Amz-Date", "x-amzn-trace-id", "Cookie\r\nX", "Upgrade",
    ])
    func headersAreRestricted(_ name: String) async throws {
        let (outcome, requests) = try await bench()
            .run("http", "invoke") { server in
                parameters(server, "key", ["Headers": .object([name: "x"])])
            } answer: { _ in
                .answer(200, [], "")
            }
        guard case .failed("States.Runtime", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(requests.isEmpty)
    }

    @Test func unknownConnectionIsNamed() async throws {
        let (outcome, _) = try await bench()
            .run("http", "invoke") {
                parameters($0, "none")
            } answer: { _ in
                .answer(200, [], "")
            }
        guard case .failed("Events.ConnectionResource.ResourceNotFound", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func binaryResponseIsRefused() async throws {
        let (outcome, _) = try await bench()
            .run("http", "invoke") {
                parameters($0, "key")
            } answer: { _ in
                .answer(200, [("Content-Type", "image/png")], "x")
            }
        guard case .failed("States.Runtime", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func apiIsCalledByStageAndPath() async throws {
        let (outcome, requests) = try await bench()
            .run("apigateway", "invoke") { server in
                [
                    "ApiEndpoint": .string(server.url), "Method": "POST", "Stage": "prod", "Path": "/orders/a b",
                    "QueryParameters": ["p": ["x", "y"]], "RequestBody": ["m": "v"],
                ]
            } answer: { request in
                .answer(200, [("Content-Type", "application/json")], request.text)
            }
        #expect(requests.first?.target == "/prod/orders/a%20b?p=x&p=y")
        guard case .succeeded(let result) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(result["ResponseBody"] == ["m": "v"])
        #expect(result["StatusText"] == "OK")
    }
}
