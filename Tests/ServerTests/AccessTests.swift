import HTTPTypes
import JSON
import Testing

@testable import Server
@testable import Store

/// Who gets in, and what they may do.
@Suite struct AccessTests {
    @Test func `a signed request is answered`() async throws {
        let fixture = try await ServerFixture(signed: true)
        let key = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        let headers = try ServerFixture.signed("ListStateMachines", "{}", key: key)
        let answer = try await fixture.send("ListStateMachines", text: "{}", headers: headers)
        #expect(answer.status == 200, "\(answer)")
    }

    @Test func `whatever is changed after signing is noticed`() async throws {
        let fixture = try await ServerFixture(signed: true)
        let key = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        let headers = try ServerFixture.signed("ListStateMachines", "{}", key: key)
        let body = try await fixture.send("ListStateMachines", text: "{ }", headers: headers)
        #expect(body.status == 403 && body.code == "UnrecognizedClientException")
        var other = headers
        other[.amzTarget] = "AWSStepFunctions.ListExecutions"
        #expect(try await fixture.send("", text: "{}", headers: other).status == 403)
        let authorization = try #require(headers[.authorization])
        for (old, new) in [
            ("us-east-1", "eu-west-1"), ("Signature=", "Signature=0"), (";x-amz-target", ""), ("host;", ""),
            ("20260101", "20260102"), ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), ("/states/", "/lambda/"),
        ] {
            var forged = headers
            forged[.authorization] = authorization.replacing(old, with: new)
            let answer = try await fixture.send("ListStateMachines", text: "{}", headers: forged)
            #expect([400, 403].contains(answer.status), "\(old) → \(new): \(answer)")
        }
        let missing = try await fixture.send("ListStateMachines", text: "{}")
        #expect(missing.status == 403 && missing.code == "MissingAuthenticationTokenException")
    }

    @Test func `an unknown key and a wrong secret get the same answer`() async throws {
        let fixture = try await ServerFixture(signed: true)
        _ = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        let stranger = try ServerFixture.signed("ListStateMachines", "{}", key: NewAccessKey())
        let unknown = try await fixture.send("ListStateMachines", text: "{}", headers: stranger)
        #expect(unknown.status == 403 && unknown.code == "UnrecognizedClientException")
        #expect(unknown.message == "The security token included in the request is invalid.")
    }

    @Test(arguments: [
        "20251231T235400Z", "20260101T000600Z", "20260101T000000", "20260230T000000Z", "garbage0T000000Z",
    ])
    func `a signature is good for five minutes`(timestamp: String) async throws {
        let fixture = try await ServerFixture(signed: true)
        let key = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        let headers = try ServerFixture.signed("ListStateMachines", "{}", key: key, timestamp: timestamp)
        let answer = try await fixture.send("ListStateMachines", text: "{}", headers: headers)
        #expect([400, 403].contains(answer.status), "\(answer)")
    }

    @Test func `a revoked key is refused`() async throws {
        let fixture = try await ServerFixture(signed: true)
        let key = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        #expect(try await fixture.store.revokeAccessKey(key.id))
        let headers = try ServerFixture.signed("ListStateMachines", "{}", key: key)
        #expect(try await fixture.send("ListStateMachines", text: "{}", headers: headers).status == 403)
    }

    @Test func `secrets are not in the database in the clear, and bound to their id`() async throws {
        let fixture = try await ServerFixture(signed: true)
        let key = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        let stored = try #require(try await fixture.store.accessKey(key.id))
        #expect(!String(decoding: stored.sealedSecret, as: UTF8.self).contains(key.secret))
        #expect(ServerFixture.sealer.open(stored.sealedSecret, id: key.id) == key.secret)
        #expect(ServerFixture.sealer.open(stored.sealedSecret, id: "another") == nil)
        #expect(KeySealer(key: Array(repeating: 8, count: 32)).open(stored.sealedSecret, id: key.id) == nil)
        for index in stored.sealedSecret.indices {
            var damaged = stored.sealedSecret
            damaged[index] ^= 1
            #expect(ServerFixture.sealer.open(damaged, id: key.id) == nil)
        }
    }

    /// Every operation: allowed by its own name and by `*`, refused by every other name and by another prefix.
    @Test func `nothing is allowed that was not granted`() async throws {
        let fixture = try await ServerFixture(signed: true)
        let machine = fixture.store.settings.stateMachineARN("Orders")
        let execution = fixture.store.settings.executionARN(machine: "Orders", execution: "e")
        for operation in Operation.all.values {
            var arguments: JSONObject = [:]
            var isBound = false
            switch operation.subject {
            case .arn(let member):
                arguments[member] = .string(member == "executionArn" ? execution : machine)
                isBound = true
            case .stateMachineName(let member):
                arguments[member] = "Orders"
                isBound = true
            case .everything, .nothing: break
            }
            func isAllowed(_ grants: [Grant]) -> Bool {
                let call = Call(
                    arguments: Arguments(object: arguments),
                    caller: .accessKey(id: "k", grants: grants),
                    action: operation.name,
                    services: fixture.handler.services
                )
                do throws(APIError) {
                    try call.authorize(operation.subject)
                    return true
                } catch {
                    #expect(error.code == "AccessDeniedException")
                    return false
                }
            }
            #expect(isAllowed([Grant(actions: ["*"], prefix: "")]))
            #expect(isAllowed([Grant(actions: [operation.name], prefix: "")]))
            #expect(!isAllowed([]))
            let others = Operation.all.keys.filter { $0 != operation.name }
            #expect(!isAllowed([Grant(actions: others, prefix: "")]), "\(operation.name)")
            if isBound {
                #expect(isAllowed([Grant(actions: ["*"], prefix: "Ord")]))
                #expect(!isAllowed([Grant(actions: ["*"], prefix: "Other")]), "\(operation.name)")
            }
            if case .everything = operation.subject {
                #expect(!isAllowed([Grant(actions: ["*"], prefix: "Ord")]), "\(operation.name)")
            }
        }
    }

    @Test func `grants are written on command lines`() throws {
        let grant = try #require(Grant("StartExecution,Describe*@Order"))
        #expect(grant == Grant(actions: ["StartExecution", "Describe*"], prefix: "Order"))
        #expect(grant.text == "StartExecution,Describe*@Order")
        for text in ["", "@", "@Order", "Start Execution", "*x", "a-b", "Describe*,"] where text != "Describe*," {
            #expect(Grant(text) == nil, "\(text)")
        }
    }
}
