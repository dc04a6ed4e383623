import JSON
import Testing

@Suite struct ValueDecoderTests {
    struct Order: Codable, Equatable {
        struct Item: Codable, Equatable {
            var sku: String
            var quantity: Int
            var price: Double?
        }

        var id: String
        var items: [Item]
        var paid: Bool
        var note: String?
        var extra: JSONValue?
        var counts: [String: Int]?
    }

    @Test func decodesStructs() throws {
        let value = try JSONValue(
            parsing: """
                {"id": "o-1", "items": [{"sku": "A", "quantity": 2, "price": 1.5}, {"sku": "B", "quantity": 1.0, "price": null}],
                 "paid": true, "extra": {"any": [1.00, null]}, "counts": {"a": 1, "b": 2}, "unknown": []}
                """
        )
        let order = try JSONValueDecoder().decode(Order.self, from: value)
        let expected = Order(
            id: "o-1",
            items: [.init(sku: "A", quantity: 2, price: 1.5), .init(sku: "B", quantity: 1, price: nil)],
            paid: true,
            note: nil,
            extra: try JSONValue(parsing: #"{"any":[1.00,null]}"#),
            counts: ["a": 1, "b": 2]
        )
        #expect(order == expected)
    }

    @Test(arguments: [
        (#"{}"#, #"the key "id" is missing"#),
        (#"[]"#, "expected object, found array of 0"),
        (#"{"id":1}"#, "at id: expected String, found number 1"),
        (#"{"id":null}"#, "at id: expected String, found null"),
        (#"{"id":"a","items":{"a":1}}"#, "at items: expected array, found object with 1 member"),
        (#"{"id":"a","items":[{"sku":"A","quantity":1},null]}"#, "at items[1]: expected object, found null"),
        (
            #"{"id":"a","items":[{"sku":"A","quantity":"three"}]}"#,
            #"at items[0].quantity: expected Int, found string "three""#
        ),
        (#"{"id":"a","items":[{"sku":"A","quantity":1.5}]}"#, "at items[0].quantity: expected Int, found number 1.5"),
        (
            #"{"id":"a","items":[{"sku":"A","quantity":9223372036854775808}]}"#,
            "at items[0].quantity: expected Int, found number 9223372036854775808"
        ),
        (#"{"id":"a","items":[{"sku":"A"}]}"#, #"at items[0]: the key "quantity" is missing"#),
        (
            #"{"id":"a","items":[{"sku":"A","quantity":1,"price":1e309}]}"#,
            "at items[0].price: expected Double, found number 1e309"
        ),
        (#"{"id":"a","items":[],"paid":1}"#, "at paid: expected Bool, found number 1"),
        (
            #"{"id":"a","items":[],"paid":false,"counts":{"a b":""}}"#,
            #"at counts["a b"]: expected Int, found string """#
        ),
        (#"{"id":"a","items":[],"paid":false,"counts":{"주문":[]}}"#, "at counts.주문: expected Int, found array of 0"),
    ])
    func describesErrors(text: String, description: String) throws {
        let value = try JSONValue(parsing: text)
        let error = #expect(throws: DecodingError.self) { try JSONValueDecoder().decode(Order.self, from: value) }
        #expect(JSONValueDecoder.describe(try #require(error)) == description)
    }

    @Test func describesOtherErrorsAsTheyDescribeThemselves() {
        struct Broken: Error, CustomStringConvertible { let description = "out of paper" }
        #expect(JSONValueDecoder.describe(Broken()) == "out of paper")
    }

    @Test func longStringsAreCutInDescriptions() throws {
        let value = JSONValue.string(String(repeating: "x", count: 1_000_000))
        let error = #expect(throws: DecodingError.self) { try JSONValueDecoder().decode(Int.self, from: value) }
        #expect(JSONValueDecoder.describe(try #require(error)).utf8.count < 100)
    }

    @Test func mismatchesAreOfTheRightKind() throws {
        func kind(_ value: JSONValue) -> String {
            do {
                return "\(try JSONValueDecoder().decode(Int.self, from: value))"
            } catch DecodingError.typeMismatch(let type, _) {
                return "mismatch \(type)"
            } catch DecodingError.valueNotFound(let type, _) {
                return "no \(type)"
            } catch DecodingError.dataCorrupted {
                return "corrupted"
            } catch {
                return "\(error)"
            }
        }
        #expect(kind("1") == "mismatch Int")
        #expect(kind(nil) == "no Int")
        #expect(kind(try JSONValue(parsing: "0.5")) == "corrupted")
        #expect(kind(5) == "5")
    }

    private func decoded<T: Decodable & Equatable>(_ type: T.Type, _ text: String) throws -> T? {
        let value = try JSONValue(parsing: text)
        let alone = try? JSONValueDecoder().decode(type, from: value)
        // The same in an array and as a member, which take other roads.
        #expect((try? JSONValueDecoder().decode([T].self, from: [value])) == alone.map { [$0] })
        #expect((try? JSONValueDecoder().decode([String: T].self, from: ["a": value])) == alone.map { ["a": $0] })
        return alone
    }

    private func expectIntegers<T: FixedWidthInteger & Decodable>(_ type: T.Type) throws {
        #expect(try decoded(type, "7") == 7)
        #expect(try decoded(type, "7.0") == 7)
        #expect(try decoded(type, "70e-1") == 7)
        #expect(try decoded(type, "\(T.max)") == .max)
        #expect(try decoded(type, "\(T.min)") == .min)
        #expect(try decoded(type, "\(T.max).0") == .max)
        #expect(try decoded(type, "\(T.min).0") == .min)
        for text in [
            "\(T.max)0", "-\(T.max)9", "7.5", "1e300", "-1e300", "1e-5", "true", "null", #""7""#, "[7]",
        ] {
            #expect(try decoded(type, text) == nil)
        }
    }

    @Test func integersOfAllWidthsAreChecked() throws {
        try expectIntegers(Int.self)
        try expectIntegers(Int8.self)
        try expectIntegers(Int16.self)
        try expectIntegers(Int32.self)
        try expectIntegers(Int64.self)
        try expectIntegers(Int128.self)
        try expectIntegers(UInt.self)
        try expectIntegers(UInt8.self)
        try expectIntegers(UInt16.self)
        try expectIntegers(UInt32.self)
        try expectIntegers(UInt64.self)
        try expectIntegers(UInt128.self)
    }

    @Test func otherScalars() throws {
        #expect(try decoded(Double.self, "0.1") == 0.1)
        #expect(try decoded(Double.self, "7") == 7)
        #expect(try decoded(Double.self, "9007199254740993") == 9_007_199_254_740_992)
        #expect(try decoded(Double.self, "-1e309") == nil)
        #expect(try decoded(Float.self, "0.1") == 0.1)
        #expect(try decoded(Float.self, "1e39") == nil)
        #expect(try decoded(Bool.self, "true") == true)
        #expect(try decoded(Bool.self, "0") == nil)
        #expect(try decoded(String.self, #""a""#) == "a")
        #expect(try decoded(String.self, "1") == nil)
        #expect(try decoded(Int?.self, "null") == .some(nil))
        #expect(try decoded(Int?.self, "3") == 3)
        #expect(try decoded([Int?].self, "[1,null,2]") == [1, nil, 2])
        #expect(try decoded([Int: String].self, #"{"1":"a","2":"b"}"#) == [1: "a", 2: "b"])
    }

    enum Payment: Codable, Equatable {
        case cash
        case card(number: String, installments: Int)
        indirect case split([Payment])
    }

    enum Size: String, Codable { case small, large }

    @Test func enumerations() throws {
        let text = #"{"split":{"_0":[{"cash":{}},{"card":{"number":"4","installments":3}}]}}"#
        #expect(try decoded(Payment.self, text) == .split([.cash, .card(number: "4", installments: 3)]))
        #expect(try decoded(Size.self, #""large""#) == .large)
        #expect(try decoded(Size.self, #""huge""#) == nil)
    }

    @Test func jsonValuesComeThroughUntouched() throws {
        let value = try JSONValue(parsing: #"{"z":1.00,"a":[-0,1e400,"\u0000"]}"#)
        #expect(try JSONValueDecoder().decode(JSONValue.self, from: value) == value)
        #expect(try JSONValueDecoder().decode([JSONValue].self, from: [value, nil]) == [value, nil])
        #expect(try JSONValueDecoder().decode([String: JSONValue].self, from: ["k": value]) == ["k": value])
        #expect(try JSONValueDecoder().decode(JSONValue?.self, from: value) == value)
    }

    @Test func userInfoReachesTheType() throws {
        struct Reader: Decodable {
            let tenant: String?
            init(from decoder: any Decoder) {
                tenant = CodingUserInfoKey(rawValue: "tenant").flatMap { decoder.userInfo[$0] as? String }
            }
        }
        var decoder = JSONValueDecoder()
        decoder.userInfo[try #require(CodingUserInfoKey(rawValue: "tenant"))] = "acme"
        #expect(try decoder.decode([Reader].self, from: [1])[0].tenant == "acme")
    }
}
