import JSON
import Testing

@Suite struct ValueEncoderTests {
    @Test func encodesMembersInTheOrderOfTheType() throws {
        struct Item: Encodable {
            var zebra = 1
            var apple: String? = "a"
            var missing: Int?
            var mango = [true, nil, false]
        }
        #expect(try JSONValueEncoder().encode(Item()).text == #"{"zebra":1,"apple":"a","mango":[true,null,false]}"#)
    }

    private func text(_ value: some Encodable) throws -> String {
        let alone = try JSONValueEncoder().encode(value)
        // The same in an array and as a member, which take other roads.
        #expect(try JSONValueEncoder().encode([value]) == [alone])
        #expect(try JSONValueEncoder().encode(["a": value]) == ["a": alone])
        return alone.text
    }

    @Test func scalars() throws {
        #expect(try text(true) == "true")
        #expect(try text("a\n") == #""a\n""#)
        #expect(try text(Int8.min) == "-128")
        #expect(try text(Int16.max) == "32767")
        #expect(try text(Int32.min) == "-2147483648")
        #expect(try text(Int64.min) == "-9223372036854775808")
        #expect(try text(Int.max) == "9223372036854775807")
        #expect(try text(Int128.max) == "170141183460469231731687303715884105727")
        #expect(try text(UInt8.max) == "255")
        #expect(try text(UInt16.max) == "65535")
        #expect(try text(UInt32.max) == "4294967295")
        #expect(try text(UInt64.max) == "18446744073709551615")
        #expect(try text(UInt.max) == "18446744073709551615")
        #expect(try text(UInt128.max) == "340282366920938463463374607431768211455")
        #expect(try text(0.1) == "0.1")
        #expect(try text(3.0) == "3")
        #expect(try text(Float(0.1)) == "0.1")
        #expect(try text(Int?.none) == "null")
        #expect(try text(Int?.some(4)) == "4")
        #expect(try text([Int]()) == "[]")
        #expect(try text([String: Int]()) == "{}")
        #expect(try text([[1], []]) == "[[1],[]]")
        #expect(try text([2: "b"]) == #"{"2":"b"}"#)
    }

    @Test func enumerationsReadBackTheSame() throws {
        let payment = ValueDecoderTests.Payment.split([.cash, .card(number: "4", installments: 3)])
        let value = try JSONValueEncoder().encode(payment)
        #expect(value.text.hasPrefix(#"{"split":{"_0":[{"cash":{}},{"card":{"#))
        #expect(try JSONValueDecoder().decode(ValueDecoderTests.Payment.self, from: value) == payment)
        #expect(try text(ValueDecoderTests.Size.small) == #""small""#)
    }

    @Test func jsonValuesComeThroughUntouched() throws {
        let value = try JSONValue(parsing: #"{"z":1.00,"a":[-0,1e400,"\u0000"]}"#)
        #expect(try JSONValueEncoder().encode(value) == value)
        #expect(try JSONValueEncoder().encode([value]) == [value])
        #expect(try JSONValueEncoder().encode(["k": value]) == ["k": value])
        #expect(try JSONValueEncoder().encode(JSONValue?.some(value)) == value)
    }

    struct Total: Encodable {
        var lines: [Double]
        var rate: Float = 0
    }

    @Test(arguments: [
        (Total(lines: [1, .nan]), "at lines[1]: nan is not a JSON number"),
        (Total(lines: [-.infinity]), "at lines[0]: -inf is not a JSON number"),
        (Total(lines: [], rate: .infinity), "at rate: inf is not a JSON number"),
    ])
    func numbersThatJSONCannotSayAreRefused(total: Total, description: String) throws {
        let error = #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(total) }
        #expect(JSONValueEncoder.describe(try #require(error)) == description)
        #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(Double.nan) }
    }

    final class Link: Codable {
        var next: Link?
        init(next: Link?) { self.next = next }
    }

    private func chain(of count: Int) -> Link {
        (1..<count).reduce(Link(next: nil)) { chain, _ in Link(next: chain) }
    }

    @Test func depthIsBounded() throws {
        let value = try JSONValueEncoder().encode(chain(of: 512))
        #expect(try JSONValue(parsing: value.text) == value)
        _ = try JSONValueDecoder().decode(Link.self, from: value)

        let error = #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(chain(of: 513)) }
        #expect(
            JSONValueEncoder.describe(try #require(error))
                .hasSuffix(
                    "next: nested deeper than 512 levels; a value must not contain itself"
                )
        )

        let tooDeep = #expect(throws: DecodingError.self) {
            try JSONValueDecoder().decode(Link.self, from: ["next": value])
        }
        #expect(JSONValueDecoder.describe(try #require(tooDeep)).hasSuffix("next: nested deeper than 512 levels"))
    }

    @Test func aValueThatContainsItselfIsRefused() {
        let link = Link(next: nil)
        link.next = link
        #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(link) }
        link.next = nil
    }

    @Test func aTypeThatEncodesNothingIsRefused() throws {
        struct Mute: Encodable { func encode(to encoder: any Encoder) {} }
        let error = #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(Mute()) }
        #expect(JSONValueEncoder.describe(try #require(error)) == "Mute encoded nothing")
        #expect(try JSONValueEncoder().encode([Mute()]) == [[:]])
    }

    @Test func aTypeThatContradictsItselfIsRefused() {
        struct Both: Encodable {
            let order: Int
            func encode(to encoder: any Encoder) throws {
                for step in [order, order + 1] {
                    switch step % 3 {
                    case 0:
                        var container = encoder.unkeyedContainer()
                        try container.encode(1)
                    case 1:
                        var container = encoder.container(keyedBy: CodingContainerTests.Key.self)
                        try container.encode(1, forKey: .name)
                    default:
                        var container = encoder.singleValueContainer()
                        try container.encode(1)
                    }
                }
            }
        }
        for order in 0..<3 {
            #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(Both(order: order)) }
            let error = #expect(throws: EncodingError.self) {
                try JSONValueEncoder().encode(["a": [Both(order: order)]])
            }
            #expect(error.map(JSONValueEncoder.describe) == "at a[0]: encoded as several different kinds of JSON value")
        }
    }

    @Test func userInfoReachesTheType() throws {
        struct Writer: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                let tenant = CodingUserInfoKey(rawValue: "tenant").flatMap { encoder.userInfo[$0] as? String }
                try container.encode(tenant)
            }
        }
        var encoder = JSONValueEncoder()
        encoder.userInfo[try #require(CodingUserInfoKey(rawValue: "tenant"))] = "acme"
        #expect(try encoder.encode([Writer()]) == ["acme"])
    }
}
