import Items
import Testing

@Suite("Files packed with gzip")
struct GunzipTests {
    /// `"b","one"` and `"b","two"`, a line each, packed one after the other.
    static let packed: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 83, 74, 82, 210, 81, 202, 207, 75, 85, 226, 2, 0, 30, 70, 125, 234,
        10, 0, 0, 0, 31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 83, 74, 82, 210, 81, 42, 41, 207, 87, 226, 2, 0, 78,
        125, 203, 221, 10, 0, 0, 0,
    ]

    private func unpack(_ bytes: [UInt8], inPiecesOf size: Int) throws -> String {
        let gunzip = try Gunzip()
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            gunzip.load(Array(bytes[start..<min(start + size, bytes.count)]))
            while let part = try gunzip.next() { output += part }
        }
        try gunzip.finish()
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [1, 2, 7, 1000])
    func unpacksInPiecesOfAnySize(size: Int) throws {
        #expect(try unpack(Self.packed, inPiecesOf: size) == "\"b\",\"one\"\n\"b\",\"two\"\n")
    }

    @Test func knowsWhatItCanRead() {
        #expect(Gunzip.canRead(Self.packed))
        #expect(!Gunzip.canRead(Array("[1]".utf8)) && !Gunzip.canRead([]))
    }

    @Test func endThatComesTooEarlyIsAnError() {
        for count in [1, 9, 20, Self.packed.count - 1] {
            #expect(throws: ItemError.self) { try unpack(Array(Self.packed.prefix(count)), inPiecesOf: 8) }
        }
    }

    @Test func damageIsAnError() {
        var damaged = Self.packed
        damaged[14] ^= 0xFF
        #expect(throws: ItemError.self) { try unpack(damaged, inPiecesOf: 1000) }
        #expect(throws: ItemError.self) { try unpack(Self.packed + [1, 2, 3], inPiecesOf: 1000) }
    }
}
