import Expressions
import JSON
import Testing

@testable import Server
@testable import Store

/// Validation, ARNs and the tokens of pages.
@Suite struct ProtocolTests {
    private static let members: [Constraint.Member] = [
        .required("name", .text(1...5)), .optional("secret", .text(0...3, isSensitive: true)),
        .optional("kind", .choice(["A", "B"])), .optional("count", .integer(0...10)),
        .optional("list", .list(of: .structure([.required("key", .text(1...2))]), 1...2)),
    ]

    @Test(arguments: [
        (
            #"{}"#,
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
        ),
        (
            #"{"name": ""}"#,
            "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
        (
            #"{"name": "abcdef"}"#,
            "1 validation error detected: Value 'abcdef' at 'name' failed to satisfy constraint: Member must have length less than or equal to 5"
        ),
        (
            #"{"name": "a", "secret": "abcd"}"#,
            "1 validation error detected: Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 3"
        ),
        (
            #"{"name": "a", "kind": "C"}"#,
            "1 validation error detected: Value 'C' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [A, B]"
        ),
        (
            #"{"name": "a", "count": 11}"#,
            "1 validation error detected: Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10"
        ),
        (
            #"{"name": "a", "count": -1}"#,
            "1 validation error detected: Value '-1' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 0"
        ),
        (
            #"{"name": "a", "list": [{"key": "k"}, {"key": "long"}]}"#,
            "1 validation error detected: Value 'long' at 'list.2.member.key' failed to satisfy constraint: Member must have length less than or equal to 2"
        ),
        (
            #"{"kind": "C", "count": 11}"#,
            "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; Value 'C' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [A, B]; Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10"
        ),
    ])
    func `violations are named as AWS names them`(input: String, message: String) throws {
        let object = try #require(try JSONValue(parsing: input).object)
        let error = #expect(throws: APIError.self) { try Validation.check(object, against: Self.members) }
        #expect(error?.code == "ValidationException" && error?.message == message)
    }

    @Test(arguments: [
        #"{"name": 1}"#, #"{"name": "a", "count": "1"}"#, #"{"name": "a", "count": 1.5}"#,
        #"{"name": "a", "count": 1e300}"#, #"{"name": "a", "list": {}}"#, #"{"name": ["a"]}"#,
    ])
    func `values of another type are refused`(input: String) throws {
        let object = try #require(try JSONValue(parsing: input).object)
        let error = #expect(throws: APIError.self) { try Validation.check(object, against: Self.members) }
        #expect(error?.code == "SerializationException")
    }

    @Test func `a page's token is good for its query, for a day, and as it is`() async throws {
        let fixture = try await ServerFixture()
        let tokens = try await PageTokens.load(from: fixture.store)
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        let token = tokens.seal("place é", of: "List", now: now)
        #expect(tokens.open(token, of: "List", now: now.adding(seconds: Int64(86_399))) == "place é")
        #expect(tokens.open(token, of: "List", now: now.adding(seconds: Int64(86_400))) == nil)
        #expect(tokens.open(token, of: "List2", now: now) == nil)
        let digits = Array(token)
        for index in digits.indices {
            var changed = digits
            changed[index] = digits[index] == "0" ? "1" : "0"
            #expect(tokens.open(String(changed), of: "List", now: now) == nil)
        }
        #expect(tokens.open(String(token.dropLast(2)), of: "List", now: now) == nil)
    }

    @Test func `ARNs are taken apart`() async throws {
        let settings = try await ServerFixture().store.settings
        let prefix = "arn:aws:states:us-east-1:000000000000:"
        for (text, resource) in [
            ("stateMachine:a", ResourceARN.Resource.stateMachine("a")), ("stateMachine:a:3", .version("a", 3)),
            ("stateMachine:a:PROD", .alias("a", "PROD")), ("stateMachine:a/l", .labeled("a", "l")),
            ("execution:a:b", .execution(machine: "a", name: "b")),
            ("execution:a/l:b", .mapChild(machine: "a", label: "l", id: "b")),
            ("express:a:b:c", .express(machine: "a", name: "b", id: "c")), ("activity:a", .activity("a")),
            ("mapRun:a/l:b", .mapRun(machine: "a", label: "l", id: "b")),
        ] {
            let arn = try ResourceARN(prefix + text, settings: settings)
            #expect(arn.resource == resource && arn.isLocal)
        }
        #expect(try !ResourceARN("arn:aws:states:eu-west-1:000000000000:activity:a", settings: settings).isLocal)
        for text in ["", "x", "arn:aws:states:us-east-1:0:stateMachine", prefix + "stateMachine:", prefix + "none:a"] {
            #expect(throws: APIError.self) { try ResourceARN(text, settings: settings) }
        }
    }

    @Test func `what AWS forbids in names is forbidden`() {
        for name in ["a", "a.b", "A-1_b", "ä", "a+b=c@d!'()"] {
            #expect(throws: Never.self) { try ResourceName.check(name) }
        }
        for name in ["a b", "a\u{0}", "a/b", "a:b", "a\u{85}", "a\u{2028}", "a\u{FFFF}", "a\u{10FFFF}"] {
            #expect(throws: APIError.self) { try ResourceName.check(name) }
        }
    }
}
