import Postgres
import Testing

@testable import Store

@Suite("Buckets")
struct BucketTests {
    /// Names of every kind: ASCII, Korean, emoji, quotes, empty-looking, long.
    static let names: [(machine: String, execution: String)] = {
        let machines = ["ProcessOrder", "주문", "a", "🚚", "it's", "x\"y", "back\\slash", "%", "Ω", "ProcessOrder2"]
        return machines.flatMap { machine in
            (0..<10).map { (machine, "order-\($0 * 7919)-\(String(repeating: "é", count: $0 * 3))") }
        }
    }()

    @Test("Swift and SQL put 100 names into the same buckets", arguments: [1, 2, 8, 64, 1024] as [Int32])
    func vectors(buckets: Int32) async throws {
        let fixture = try await StoreFixture()
        #expect(Self.names.count == 100)
        let rows = try await fixture.sql(
            "select stepwell.bucket_of(m, e, $3) from unnest($1::text[], $2::text[]) as n (m, e)",
            [.textArray(Self.names.map(\.machine)), .textArray(Self.names.map(\.execution)), .int4(buckets)]
        )
        let sql = try rows.map { try $0.int(0) }
        let swift = Self.names.map { Int(Digest.bucket(machine: $0.machine, execution: $0.execution, of: buckets)) }
        #expect(sql == swift)
        #expect(Set(swift).count > (buckets == 1 ? 0 : 1))
    }

    @Test("a known digest gives a known bucket")
    func known() {
        // printf 'ProcessOrder\norder-1042' | sha256sum → 6d…; its first 32 bits modulo 8.
        #expect(Digest.bucket(machine: "ProcessOrder", execution: "order-1042", of: 1) == 0)
        #expect(Digest.sha256("abc").map { String($0, radix: 16) }.prefix(4) == ["ba", "78", "16", "bf"])
    }
}
