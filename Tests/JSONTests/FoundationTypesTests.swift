import Foundation
import JSON
import Testing

/// Types whose Codable conformance is their own, and coders that are not ours.
@Suite struct FoundationTypesTests {
    struct Record: Codable, Equatable {
        var id: UUID
        var date: Date
        var price: Decimal
        var link: URL
        var data: Data
    }

    static func record() throws -> Record {
        Record(
            id: try #require(UUID(uuidString: "6F9619FF-8B86-D011-B42D-00C04FC964FF")),
            date: Date(timeIntervalSinceReferenceDate: 752_580_000.25),
            price: try #require(Decimal(string: "12345678901234567890.123456789")),
            link: try #require(URL(string: "https://example.com/a?b=c")),
            data: Data([1, 2, 255])
        )
    }

    @Test func typesAreCodedByTheirOwnConformance() throws {
        let record = try Self.record()
        let value = try JSONValueEncoder().encode(record)
        #expect(value["id"] == "6F9619FF-8B86-D011-B42D-00C04FC964FF")
        #expect(value["date"]?.number?.double == 752_580_000.25)
        #expect(value["data"] == [1, 2, 255])
        #expect(value["price"]?["mantissa"]?.array?.isEmpty == false)
        #expect(try JSONValueDecoder().decode(Record.self, from: JSONValue(parsing: value.text)) == record)
    }

    @Test(
        arguments: [
            ("id", "no uuid", "at id: "), ("id", 1, "at id: expected String, found number 1"),
            ("date", "2024", #"at date: expected Double, found string "2024""#),
            ("price", "1", #"at price: expected object, found string "1""#), ("link", 1, "at link: "),
            ("data", [256], "at data[0]: expected UInt8, found number 256"), ("data", [nil], "at data[0]: "),
        ] as [(String, JSONValue, String)]
    )
    func theirErrorsHaveAPath(key: String, wrong: JSONValue, description: String) throws {
        var object = try #require(try JSONValueEncoder().encode(Self.record()).object)
        object[key] = wrong
        let error = #expect(throws: DecodingError.self) {
            try JSONValueDecoder().decode(Record.self, from: .object(object))
        }
        #expect(JSONValueDecoder.describe(try #require(error)).hasPrefix(description))
    }

    @Test func jsonValuesCanBeCodedByFoundation() throws {
        let value: JSONValue = [
            "null": nil, "bool": [true, false], "integers": [0, -1, 9_007_199_254_740_993], "string": "주문",
            "empty": [[:], [], ""], "decimal": .number(try #require(JSONNumber(0.25))),
            "large": .number(JSONNumber(UInt64.max)),
        ]
        let data = try JSONEncoder().encode(value)
        let decoded = try JSONDecoder().decode(JSONValue.self, from: data)
        let keys = try #require(decoded.object?.keys)
        #expect(Set(keys) == Set(try #require(value.object?.keys)))
        for key in keys { #expect(decoded[key] == value[key]) }
    }
}
