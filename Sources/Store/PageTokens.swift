import CLibcrypto
package import Expressions
import Postgres

/// Makes and reads the tokens that say where a list goes on: opaque, good for one query and for a day.
///
/// A token is the key's id, its end, the place, and a MAC over those and the query.
package struct PageTokens: Sendable {
    private struct Key: Sendable {
        let inner: [UInt8]
        let outer: [UInt8]
    }

    private static let lifetimeSeconds: Int64 = 24 * 3600

    private let keys: [Int32: Key]
    private let newest: Int32

    /// The keys of the database; processes that share it read each other's tokens.
    package static func load(from store: Store) async throws(StoreError) -> PageTokens {
        let rows = try await store.query("select id, inner_key, outer_key from stepwell.token_keys")
        return try store.decode { () throws(PostgresError) in
            var keys: [Int32: Key] = [:]
            for row in rows {
                keys[Int32(clamping: try row.int(0))] = Key(inner: try row.bytes(1), outer: try row.bytes(2))
            }
            return PageTokens(keys: keys, newest: keys.keys.max() ?? 0)
        }
    }

    /// A token for a place in the answers to a query.
    package func seal(_ place: String, of query: String, now: Timestamp) -> String {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: newest)
        bytes.append(bigEndian: now.adding(seconds: Self.lifetimeSeconds).microseconds)
        bytes += Array(place.utf8)
        guard let mac = mac(of: bytes, query: query, key: newest) else { return "" }
        return Self.hexadecimal(mac + bytes)
    }

    /// The place in a token; nil: it is none of ours, belongs to another query, or is too old.
    package func open(_ token: String, of query: String, now: Timestamp) -> String? {
        guard let bytes = Self.bytes(hexadecimal: token), bytes.count >= 44 else { return nil }
        let sealed = Array(bytes[32...])
        let key = sealed[0..<4].reduce(Int32(0)) { $0 << 8 | Int32($1) }
        let end = sealed[4..<12].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard let mac = mac(of: sealed, query: query, key: key), CRYPTO_memcmp(mac, bytes, 32) == 0,
            end > now.microseconds
        else { return nil }
        return String(validating: sealed[12...], as: UTF8.self)
    }

    /// The keys are those of task tokens; no task token begins with these bytes, which would be its bucket.
    private func mac(of bytes: [UInt8], query: String, key: Int32) -> [UInt8]? {
        guard let key = keys[key] else { return nil }
        let message = Array("page\u{0}\(query)\u{0}".utf8) + bytes
        return Digest.sha256(key.outer + Digest.sha256(key.inner + message))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(of: digits[index]), let low = value(of: digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
