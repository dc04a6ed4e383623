import HTTPTypes
import JSON
import Signing
import StatesLanguage
import Synchronization
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

    /// Of another page's: under a name that it has made to point here, or by what browsers send without asking first.
    @Test(
        arguments: [
            ("localhost:8083", nil, 200), ("127.0.0.1:8083", nil, 200), ("[::1]:8083", nil, 200),
            ("sync-states.localhost:8083", nil, 200), ("localhost:8083", "http://localhost:8083", 200),
            ("evil.example:8083", nil, 403), ("localhost.evil.example", nil, 403),
            ("localhost:8083", "https://evil.example", 403), ("localhost:8083", "null", 403),
            ("localhost:8083", "http://localhost:8084", 403),
        ] as [(String, String?, Int)]
    )
    func `where nobody is asked who they are, pages of others get nothing`(
        host: String,
        origin: String?,
        status: Int
    ) async throws {
        let fixture = try await ServerFixture()
        for (operation, path, rightStatus) in [
            ("ListStateMachines", "/", 200), ("", "/2015-03-31/functions/nobody/invocations", 404),
        ] {
            var headers: HTTPFields = [:]
            headers[.origin] = origin
            let answer = try await fixture.send(operation, text: "{}", headers: headers, host: host, path: path)
            #expect(answer.status == (status == 200 ? rightStatus : status), "\(path): \(answer)")
            #expect((answer.code == "AccessDeniedException") == (status == 403) || path != "/")
        }
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

    @Test func `a signing key is made anew when its secret, day, region or service is another`() {
        let cache = SigningKeyCache(capacity: 4)
        let scope = SigningScope(timestamp: "20260101T000000Z", region: "us-east-1", service: "states")
        let later = SigningScope(timestamp: "20260101T235959Z", region: "us-east-1", service: "states")
        #expect(cache.key("A", secret: "one", scope: scope) == scope.key(secret: "one"))
        #expect(cache.key("A", secret: "one", scope: later) == scope.key(secret: "one"))
        #expect(cache.key("B", secret: "unknown", scope: scope) == scope.key(secret: "unknown"))
        #expect(cache.count == 2)
        // The id has another secret now, or none.
        #expect(cache.key("A", secret: "two", scope: scope) == scope.key(secret: "two"))
        #expect(cache.key("A", secret: "unknown", scope: scope) == scope.key(secret: "unknown"))
        #expect(cache.count == 2)
        let others = [
            SigningScope(timestamp: "20260102T000000Z", region: "us-east-1", service: "states"),
            SigningScope(timestamp: "20260101T000000Z", region: "eu-west-1", service: "states"),
            SigningScope(timestamp: "20260101T000000Z", region: "us-east-1", service: "lambda"),
        ]
        for other in others { #expect(cache.key("A", secret: "one", scope: other) == other.key(secret: "one")) }
        #expect(cache.count <= 4)
        for made in 0..<100 {
            let region = SigningScope(timestamp: "20260101T000000Z", region: "r\(made)", service: "states")
            #expect(cache.key("A", secret: "one", scope: region) == region.key(secret: "one"))
            #expect(cache.count <= 4)
        }
    }

    @Test func `a revoked key is refused though its signing key is kept`() async throws {
        let fixture = try await ServerFixture(signed: true, keyLifetime: .zero)
        let key = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        let headers = try ServerFixture.signed("ListStateMachines", "{}", key: key)
        #expect(try await fixture.send("ListStateMachines", text: "{}", headers: headers).status == 200)
        #expect(try await fixture.store.revokeAccessKey(key.id))
        #expect(try await fixture.send("ListStateMachines", text: "{}", headers: headers).status == 403)
    }

    @Test func `a key that sends more than it may is told when to come again`() async throws {
        let fixture = try await ServerFixture(signed: true)
        let busy = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")], rateLimit: 1)
        let other = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")])
        var answers: [ServerFixture.Answer] = []
        for _ in 0..<20 {
            let headers = try ServerFixture.signed("ListStateMachines", "{}", key: busy)
            answers.append(try await fixture.send("ListStateMachines", text: "{}", headers: headers))
        }
        let refused = try #require(answers.first { $0.status != 200 })
        #expect(refused.status == 429 && refused.code == "ThrottlingException" && refused.message == "Rate exceeded")
        #expect(refused.headers[.retryAfter] == "1")
        #expect(answers.prefix(2).allSatisfy { $0.status == 200 })
        let headers = try ServerFixture.signed("ListStateMachines", "{}", key: other)
        #expect(try await fixture.send("ListStateMachines", text: "{}", headers: headers).status == 200)
        // Somebody who only knows the key's id uses nothing up.
        let stranger = NewAccessKey()
        let victim = try await fixture.makeKey([Grant(actions: ["*"], prefix: "")], rateLimit: 1)
        for _ in 0..<20 {
            var forged = try ServerFixture.signed("ListStateMachines", "{}", key: stranger)
            let authorization = try #require(forged[.authorization])
            forged[.authorization] = authorization.replacing(stranger.id, with: victim.id)
            #expect(try await fixture.send("ListStateMachines", text: "{}", headers: forged).status == 403)
        }
        let own = try ServerFixture.signed("ListStateMachines", "{}", key: victim)
        #expect(try await fixture.send("ListStateMachines", text: "{}", headers: own).status == 200)
    }

    @Test func `a bucket of requests fills at its rate, and holds two seconds' worth`() {
        let limits = RateLimits()
        let start = ContinuousClock.now
        func admitted(after milliseconds: Int, of count: Int) -> Int {
            let now = start.advanced(by: .milliseconds(milliseconds))
            return (0..<count).filter { _ in limits.admit("key", rate: 10, at: now) }.count
        }
        #expect(admitted(after: 0, of: 30) == 20)
        #expect(admitted(after: 500, of: 30) == 5)
        #expect(admitted(after: 3_600_000, of: 30) == 20)
        #expect(admitted(after: 0, of: 30) == 0)
    }

    @Test func `what there is no room for is refused at the door`() async throws {
        let admission = Admission(mostRequests: 2, mostBytes: 10)
        func isFull(_ bytes: Int) async throws -> Bool {
            do {
                try await admission.whileAdmitted(bytes: bytes) {}
                return false
            } catch let error as APIError {
                #expect(error.status == 503 && error.retryAfter == 1)
                return true
            }
        }
        try await admission.whileAdmitted(bytes: 6) {
            #expect(try await isFull(5))
            #expect(try await !isFull(4))
            let isFullInside = try await admission.whileAdmitted(bytes: 0) { try await isFull(0) }
            #expect(isFullInside)
        }
        #expect(try await !isFull(10))
    }

    @Test func `so many may wait for tasks, and no more`() {
        let pollers = ActivityPollers(most: 3, mostOfOne: 2)
        #expect(pollers.enter("a") && pollers.enter("a") && !pollers.enter("a"))
        #expect(pollers.enter("b") && !pollers.enter("b"))
        pollers.leave("a")
        #expect(pollers.enter("a") && !pollers.enter("b"))
    }

    @Test func `with as many executions open as may be, no other is started`() async throws {
        let fixture = try await ServerFixture()
        let now = Mutex(ContinuousClock.now)
        let none = OpenExecutions(store: fixture.store, most: 2) { now.withLock(\.self) }
        try await none.admit()
        _ = try await fixture.store.deploy(
            name: "Waits",
            definition: #"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": true}}}"#
        )
        for name in ["a", "b"] {
            _ = try await fixture.store.startExecution(
                stateMachine: "Waits",
                name: name,
                input: JSONDocument(.null)
            )
        }
        try await OpenExecutions(store: fixture.store, most: 3).admit()
        try await OpenExecutions(store: fixture.store, most: nil).admit()
        let error = await #expect(throws: APIError.self) {
            try await OpenExecutions(store: fixture.store, most: 2).admit()
        }
        #expect(error?.code == "ExecutionLimitExceeded")
        // The count is not older than some seconds, and not newer than it has to be.
        now.withLock { $0 = $0.advanced(by: .seconds(4)) }
        try await none.admit()
        now.withLock { $0 = $0.advanced(by: .seconds(1)) }
        await #expect(throws: APIError.self) { try await none.admit() }
    }

    @Test func `where it is asked for, each action has AWS's bucket of tokens`() async throws {
        let fixture = try await ServerFixture(throttledAsIn: "eu-central-1")
        var made = 0
        var refusal: ServerFixture.Answer?
        // One token a second comes back meanwhile.
        while refusal == nil, made < 2000 {
            let answer = try await fixture.send("CreateActivity", ["name": .string("a\(made)")])
            if answer.status == 200 { made += 1 } else { refusal = answer }
        }
        #expect(made >= 100 && refusal?.status == 400 && refusal?.code == "ThrottlingException", "\(made)")
        #expect(refusal?.message == "Rate exceeded")
        #expect(try await fixture.send("ListActivities", [:]).status == 200)
        let free = try await ServerFixture()
        for number in 0...made + 20 {
            #expect(try await free.send("CreateActivity", ["name": .string("a\(number)")]).status == 200)
        }
    }

    @Test func `a throttled action goes on at its rate, and elsewhere at a lower one`() throws {
        let now = ContinuousClock.now
        func admitted(_ throttle: ActionThrottle, _ action: String, at seconds: Int) -> Int {
            (0..<10_000)
                .prefix { _ in
                    (try? throttle.admit(action, at: now.advanced(by: .seconds(seconds)))) != nil
                }
                .count
        }
        let (large, other) = (ActionThrottle(region: "us-east-1"), ActionThrottle(region: "eu-central-1"))
        #expect(admitted(large, "StartExecution", at: 0) == 1300 && admitted(other, "StartExecution", at: 0) == 800)
        #expect(admitted(large, "StartExecution", at: 1) == 300 && admitted(other, "StartExecution", at: 1) == 150)
        #expect(admitted(other, ActionThrottle.expressStart, at: 0) == 6000)
        #expect(admitted(other, "TagResource", at: 0) == 200 && admitted(other, "TagResource", at: 1) == 1)
        #expect(admitted(large, "TestState", at: 0) == 10_000)
        #expect(admitted(ActionThrottle(region: nil), "StartExecution", at: 0) == 10_000)
    }

    @Test func `starts of express state machines are counted by themselves`() async throws {
        let fixture = try await ServerFixture(throttledAsIn: "us-east-1")
        let definition = #"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#
        _ = try await fixture.store.deploy(name: "Quick", definition: definition, type: .express)
        _ = try await fixture.store.deploy(name: "Durable", definition: definition)
        for (machine, isExpress) in [("Quick", true), ("Quick:1", true), ("Durable", false), ("None", false)] {
            #expect(try await fixture.store.isExpress(machine) == isExpress)
        }
        let arn = fixture.store.settings.stateMachineARN("Quick")
        #expect(try await fixture.send("StartExecution", ["stateMachineArn": .string(arn)]).status == 200)
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
