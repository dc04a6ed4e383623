import CLibcrypto
import Postgres

/// SHA-256, where the store names things by what they are.
package enum Digest {
    /// The 32 bytes of the SHA-256 of a text's UTF-8 bytes.
    static func sha256(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { sha256(UnsafeRawBufferPointer($0)) }
    }

    /// The 32 bytes of the SHA-256 of bytes.
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes(sha256) }

    /// The SHA-256 of bytes, as it is usually written.
    package static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
        sha256(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        _ = EVP_Digest(bytes.baseAddress, bytes.count, &digest, &length, EVP_sha256(), nil)
        return Array(digest.prefix(Int(length)))
    }

    /// A number from 0 up to 1 that a text always has, evenly spread over all texts.
    static func fraction(_ text: String) -> Double { Double(bigEndian(sha256(text)[0..<4])) / 4_294_967_296 }

    /// The first half of the SHA-256 as the id of a payload.
    static func payloadID(_ text: String) -> PGUUID {
        let digest = sha256(text)
        return PGUUID(high: bigEndian(digest[0..<8]), low: bigEndian(digest[8..<16]))
    }

    /// The bucket of an execution, as `stepwell.bucket_of` computes it: the first 32 bits of the SHA-256 of both names
    /// with a newline between them, modulo the number of buckets.
    package static func bucket(machine: String, execution: String, of buckets: Int32) -> Int32 {
        let prefix = bigEndian(sha256(machine + "\n" + execution)[0..<4])
        return Int32(truncatingIfNeeded: prefix % UInt64(max(1, buckets)))
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
