import Foundation
import Integrations
import JSON
import PeerTestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func tokenIsFetchedOnceAndAgainWhenRefused() async throws {
        let server = try await LoopbackServer.start { request in
            .answer(200, [], #"{"access_token":"t-\#(request.text.utf8.count)","expires_in":3600}"#)
        }
        let connections = try Connections(
            parsing: """
                {"Connections": [{"Name": "oauth", "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
                  "OAuthParameters": {"AuthorizationEndpoint": "\(server.url)/token", "HttpMethod": "POST",
                    "ClientParameters": {"ClientID": "id", "ClientSecret": "se cret"},
                    "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]}}}}]}
                """
        )
        let (outcome, requests) = try await TaskBench(connections: connections)
            .run("http", "invoke") { target in
                [
                    "ApiEndpoint": .string(target.url), "Method": "GET",
                    "Authentication": ["ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/oauth/1"],
                ]
            } answer: { _ in
                .answer(401, [], "no")
            }
        #expect(outcome == .failed(error: "States.Http.StatusCode.401", cause: "no"))
        #expect(requests.count == 2)
        #expect(requests.allSatisfy { $0.header("Authorization")?.hasPrefix("Bearer t-") == true })
        #expect(server.requests.count == 2)
        #expect(
            server.requests.first?.text
                == "grant_type=client_credentials&client_id=id&client_secret=se%20cret&scope=all"
        )
        await server.stop()
    }

    @Test func refusedClientIsAnInvalidConnection() async throws {
        let server = try await LoopbackServer.start { _ in .answer(400, [], "{}") }
        let connections = try Connections(
            parsing: """
                {"Connections": [{"Name": "oauth", "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
                  "OAuthParameters": {"AuthorizationEndpoint": "\(server.url)", "HttpMethod": "GET",
                    "ClientParameters": {"ClientID": "id", "ClientSecret": "hidden"}}}}]}
                """
        )
        let (outcome, _) = try await TaskBench(connections: connections)
            .run("http", "invoke") { target in
                [
                    "ApiEndpoint": .string(target.url), "Method": "GET",
                    "Authentication": ["ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/oauth/1"],
                ]
            } answer: { _ in
                .answer(200, [], "")
            }
        guard case .failed("Events.ConnectionResource.InvalidConnectionState", let cause) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(!cause.contains("hidden"))
        await server.stop()
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"Connections": 1}"#, #"{"Connections": [1]}"#, #"{"Connections": [{"Name": "a"}]}"#,
        #"{"Connections": [{"Name": "a", "AuthorizationType": "BASIC", "AuthParameters": {}}]}"#,
    ])
    func fileMustMakeSense(_ text: String) {
        #expect(throws: InvalidConnections.self) { try Connections(parsing: text) }
    }

    @Test func fileIsReadOnlyWhenOthersCanNot() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("connections-\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = Data(#"{"Connections": []}"#.utf8)
        #expect(FileManager.default.createFile(atPath: path, contents: text, attributes: [.posixPermissions: 0o644]))
        #expect(throws: InvalidConnections.self) { try Connections(file: path) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        _ = try Connections(file: path)
    }

    @Test func rangesAreChecked() {
        #expect(throws: InvalidAddressRange(text: "10.0.0.0/33")) {
            try AddressRules(allowed: "127.0.0.1, 10.0.0.0/33")
        }
        #expect(throws: InvalidAddressRange(text: "localhost")) { try AddressRules(allowed: "localhost") }
    }
}
