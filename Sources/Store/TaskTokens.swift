import CLibcrypto
package import Interpreter
import Postgres

/// Makes task tokens: what `stepwell.read_task_token` reads.
package struct TaskTokens: Sendable {
    private let key: Int32
    private let innerKey: [UInt8]
    private let outerKey: [UInt8]

    private init(key: Int32, innerKey: [UInt8], outerKey: [UInt8]) {
        self.key = key
        self.innerKey = innerKey
        self.outerKey = outerKey
    }

    /// Tokens of no database: none would accept them.
    package init() {
        self.init(key: 0, innerKey: [], outerKey: [])
    }

    /// The newest key of the database.
    static func load(from pool: Pool) async throws(StoreError) -> TaskTokens {
        do throws(PostgresError) {
            let row =
                try await pool.query(
                    "select id, inner_key, outer_key from stepwell.token_keys order by id desc limit 1"
                )
                .only()
            return TaskTokens(
                key: Int32(clamping: try row.int(0)),
                innerKey: try row.bytes(1),
                outerKey: try row.bytes(2)
            )
        } catch {
            // Whoever only reads has no keys, and no use for them: what it would make, nobody would accept.
            guard error.sqlState == .insufficientPrivilege else { throw StoreError(error) }
            return TaskTokens(key: 0, innerKey: [], outerKey: [])
        }
    }

    /// Makes the tokens of one step.
    package func issuer(for key: StepKey) -> TaskTokenIssuer {
        { attempt in token(for: attempt, of: key) }
    }

    /// The token of an attempt: always the same one, as long as the key is.
    func token(for attempt: TaskAttempt, of step: StepKey) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(72)
        bytes.append(bigEndian: step.bucket)
        bytes.append(bigEndian: step.execution.high)
        bytes.append(bigEndian: step.execution.low)
        bytes.append(bigEndian: step.id)
        bytes.append(bigEndian: Int32(clamping: attempt.entry))
        bytes.append(bigEndian: Int32(clamping: attempt.attempt))
        bytes.append(bigEndian: key)
        // HMAC: the database keeps the key with both of its paddings applied.
        bytes += Digest.sha256(outerKey + Digest.sha256(innerKey + bytes))
        return Self.base64(bytes)
    }

    /// Base64 for URLs. Without padding: there are a multiple of three bytes.
    private static func base64(_ bytes: [UInt8]) -> String {
        var encoded = [UInt8](repeating: 0, count: bytes.count / 3 * 4 + 5)
        let count = Int(EVP_EncodeBlock(&encoded, bytes, Int32(clamping: bytes.count)))
        let text = encoded.prefix(max(0, count))
            .map { byte in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: byte
                }
            }
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }
}
