import Postgres
import Testing

@Suite struct UUIDTests {
    @Test func printsAndParsesTheCanonicalForm() throws {
        let text = "0188f8a0-7c3d-7abc-8def-0123456789ab"
        let uuid = try #require(PGUUID(text))
        #expect(uuid.high == 0x0188_F8A0_7C3D_7ABC)
        #expect(uuid.low == 0x8DEF_0123_4567_89AB)
        #expect(uuid.description == text)
        #expect(PGUUID(text.uppercased()) == uuid)
    }

    @Test(arguments: [
        "", "0188f8a0", "0188f8a07c3d7abc8def0123456789ab", "0188f8a0-7c3d-7abc-8def-0123456789a",
        "0188f8a0-7c3d-7abc-8def-0123456789abc", "0188f8a0-7c3d-7abc-8def-0123456789ag",
        "0188f8a0_7c3d_7abc_8def_0123456789ab", "{0188f8a0-7c3d-7abc-8def-0123456789a}",
        "-188f8a0-7c3d-7abc-8def-0123456789ab",
    ])
    func refusesOtherTexts(text: String) {
        #expect(PGUUID(text) == nil)
    }

    @Test func versionSevenHoldsTheMillisecondThenChance() {
        var ones = Constant(value: .max)
        let uuid = PGUUID.v7(microseconds: 0x0188_F8A0_7C3D * 1000 + 999, using: &ones)
        #expect(uuid.description == "0188f8a0-7c3d-7fff-bfff-ffffffffffff")
        var zeros = Constant(value: 0)
        #expect(PGUUID.v7(microseconds: -1, using: &zeros).description == "00000000-0000-7000-8000-000000000000")
        #expect(PGUUID.v7(microseconds: 5_000) != PGUUID.v7(microseconds: 5_000))
    }

    @Test func versionFourIsRandomButForItsVersionAndVariant() {
        let uuids = (0..<100).map { _ in PGUUID.v4() }
        #expect(Set(uuids).count == 100)
        for text in uuids.map(\.description) {
            let digits = Array(text)
            #expect(digits[14] == "4")
            #expect("89ab".contains(digits[19]))
        }
    }

    @Test func sortsAsBytes() throws {
        let texts = [
            "00000000-0000-0000-0000-000000000001", "00000000-0000-0001-0000-000000000000",
            "ff000000-0000-0000-0000-000000000000",
        ]
        let uuids = try texts.map { try #require(PGUUID($0)) }
        #expect(uuids.shuffled().sorted() == uuids)
    }
}

private struct Constant: RandomNumberGenerator {
    let value: UInt64
    mutating func next() -> UInt64 { value }
}
