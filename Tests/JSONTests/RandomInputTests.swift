import JSON
import Testing

/// Inputs that nobody thought of, the same in every run.
@Suite struct RandomInputTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func whatIsWrittenReadsBackTheSame(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<250 {
            let value = random.value(depth: 5)
            let text = value.text
            #expect(try JSONValue(parsing: text) == value)
            #expect(try JSONValue(parsing: Array(text.utf8)) == value)
            #expect(try JSONValue(parsing: value.prettyText) == value)
            #expect(try JSONValue(parsing: text).text == text)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func damagedTextIsReadOrRefusedWithAPlace(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed + 100)
        for _ in 0..<250 {
            let valid = Array(random.value(depth: 4).text.utf8)
            for _ in 0..<8 {
                var bytes = valid
                for _ in 0...random.next(upperBound: 3 as UInt64) { random.damage(&bytes) }
                try expectConsistency(of: bytes)
            }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func anyBytesAreReadOrRefusedWithAPlace(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed + 200)
        for _ in 0..<2_000 {
            let count = Int(random.next(upperBound: 24 as UInt64))
            try expectConsistency(of: (0..<count).map { _ in random.byte() })
        }
    }

    /// Every text that is cut off is refused at its end or before.
    @Test(arguments: [
        #"{"a":[1,-2.5e+10,true,null],"\u00e9\ud83d\ude00":"x\n","b":{"c":{}}}"#,
        "[\"주문\u{1F600}é\", \"\\\\\"]",
    ])
    func everyPrefixIsRefused(text: String) throws {
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(bytes[..<count])) }
            #expect(try #require(error).offset <= count)
        }
    }

    /// Bytes and, where they are valid UTF-8, the same as a string are either read alike, and read back the same once
    /// written, or refused at the same place within the text.
    private func expectConsistency(of bytes: [UInt8]) throws {
        let fromBytes = Result { try JSONValue(parsing: bytes) }
        switch fromBytes {
        case .success(let value):
            #expect(try JSONValue(parsing: value.text) == value)
        case .failure(let error):
            let error = try #require(error as? JSONSyntaxError)
            #expect((0...bytes.count).contains(error.offset))
            #expect((1...bytes.count + 1).contains(error.line))
            #expect((1...bytes.count + 1).contains(error.column))
            #expect(!error.reason.isEmpty)
        }
        guard let string = String(validating: bytes, as: UTF8.self) else { return }
        switch (fromBytes, Result { try JSONValue(parsing: string) }) {
        case (.success(let left), .success(let right)): #expect(left == right)
        case (.failure(let left), .failure(let right)):
            #expect(left as? JSONSyntaxError == right as? JSONSyntaxError)
        default: Issue.record("read as bytes or as a string only: \(string)")
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func value(depth: Int) -> JSONValue {
        switch next(upperBound: depth > 0 ? 10 : 6 as UInt64) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .number(JSONNumber(Int64(truncatingIfNeeded: next() >> next(upperBound: 64 as UInt64))))
        case 3: return JSONNumber(Double(bitPattern: next())).map(JSONValue.number) ?? -1
        case 4, 5: return .string(string())
        case 6, 7: return .array((0..<next(upperBound: 6 as UInt64)).map { _ in value(depth: depth - 1) })
        default:
            let count = next(upperBound: next(upperBound: 20 as UInt64) == 0 ? 40 : 6 as UInt64)
            return .object(JSONObject((0..<count).map { _ in (string(), value(depth: depth - 1)) }))
        }
    }

    private mutating func string() -> String {
        var string = ""
        for _ in 0..<next(upperBound: next(upperBound: 4 as UInt64) == 0 ? 60 : 12 as UInt64) {
            let limit: UInt32 = [0x20, 0x80, 0x80, 0x80, 0x100, 0x1000, 0x11_0000].randomElement(using: &self) ?? 0x80
            let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &self)) ?? "\""
            string.unicodeScalars.append(scalar)
        }
        return string
    }

    fileprivate mutating func byte() -> UInt8 {
        let telling =
            Array("\"\\{}[]:,0123456789.-+eE tfnu/\n\u{1}\u{7F}".utf8) + [0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
        return telling.randomElement(using: &self) ?? 0
    }

    fileprivate mutating func damage(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &self)
        switch next(upperBound: 5 as UInt64) {
        case 0: bytes.insert(byte(), at: place)
        case 1: bytes.removeSubrange(place..<Int.random(in: place...min(place + 4, bytes.count), using: &self))
        case 2: bytes.removeLast(bytes.count - place)
        case 3:
            bytes.insert(contentsOf: bytes.prefix(place).suffix(4), at: Int.random(in: 0...bytes.count, using: &self))
        default:
            if place < bytes.count {
                bytes[place] = Bool.random(using: &self) ? byte() : UInt8.random(in: 0...255, using: &self)
            }
        }
    }
}
