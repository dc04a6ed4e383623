import Expressions
import JSON
import Testing

@Suite("Equality and order")
struct EqualityTests {
    @Test(
        "values that are the same",
        arguments: [
            ("1", "1.0"), ("100", "1e2"), ("0", "-0"), ("0.1", "1e-1"), ("null", "null"), ("[1,[2]]", "[1.0,[2e0]]"),
            (#"{"a":1,"b":{"c":[]}}"#, #"{"b":{"c":[]},"a":1.0}"#), ("9007199254740993", "9007199254740993"),
        ]
    )
    func same(_ left: String, _ right: String) throws {
        #expect(try JSONValue(parsing: left).isSame(as: JSONValue(parsing: right)))
        #expect(try JSONValue(parsing: right).isSame(as: JSONValue(parsing: left)))
    }

    @Test(
        "values that differ",
        arguments: [
            ("1", "2"), ("1", "\"1\""), ("1", "true"), ("0", "null"), ("0", "false"), ("[]", "{}"), ("[1]", "[1,1]"),
            ("[1,2]", "[2,1]"), (#"{"a":1}"#, #"{"a":1,"b":null}"#), (#"{"a":null}"#, #"{"b":null}"#),
            ("\"a\"", "\"A\""), ("9007199254740993", "9007199254740992"), (#""\u00e9""#, #""e\u0301""#),
        ]
    )
    func different(_ left: String, _ right: String) throws {
        #expect(try !JSONValue(parsing: left).isSame(as: JSONValue(parsing: right)))
        #expect(try !JSONValue(parsing: right).isSame(as: JSONValue(parsing: left)))
    }

    @Test(
        "order of numbers",
        arguments: [
            ("1", "2", -1), ("2", "1.5", 1), ("1.0", "1", 0), ("-1", "-1.5", 1),
            ("9007199254740992", "9007199254740993", -1),
            ("9223372036854775807", "9223372036854775806", 1), ("1e400", "5", 1), ("-1e400", "1e-400", -1),
            ("9223372036854775807", "1e30", -1),
        ]
    )
    func numbers(_ left: String, _ right: String, _ order: Int) throws {
        let left = try #require(try JSONValue(parsing: left).number)
        let right = try #require(try JSONValue(parsing: right).number)
        #expect(left.order(to: right) == order)
        #expect(right.order(to: left) == -order)
        #expect(left.isSame(as: right) == (order == 0))
    }

    @Test(
        "order of strings by UTF-16 code units",
        arguments: [
            ("a", "b", -1), ("a", "a", 0), ("a", "aa", -1), ("Z", "a", -1), ("\u{FF61}", "\u{1F600}", 1),
            ("é", "e\u{301}", 1),
        ]
    )
    func strings(_ left: String, _ right: String, _ order: Int) {
        #expect(left.order(to: right) == order)
        #expect(right.order(to: left) == -order)
    }

    @Test("a value is writable within a number of bytes and 512 levels")
    func writable() throws {
        let value = try JSONValue(parsing: #"{"a":[1,"xyz",null]}"#)
        #expect(value.isWritable(bytes: value.text.utf8.count))
        #expect(!value.isWritable(bytes: 10))
        #expect(nested(512).isWritable(bytes: 10_000))
        #expect(!nested(513).isWritable(bytes: 10_000))
        let doubling = (0..<60).reduce("x" as JSONValue) { value, _ in [value, value] }
        #expect(!doubling.isWritable(bytes: 1_000_000))
    }
}
