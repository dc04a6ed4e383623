import Expressions

/// Points in time as Signature Version 4 writes them.
enum AmazonDate {
    /// `20150830T123600Z` in seconds since 1970; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let characters = Array(text.utf8)
        guard characters.count == 16, characters[8] == UInt8(ascii: "T"), characters[15] == UInt8(ascii: "Z") else {
            return nil
        }
        func part(_ range: Range<Int>) -> String { String(decoding: characters[range], as: UTF8.self) }
        let standard =
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        return Timestamp(standard).map { $0.microseconds / 1_000_000 }
    }
}
