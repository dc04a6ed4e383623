package import Interpreter
package import JSON
package import Postgres

/// Items of a map run that stand together in one row: they have one source.
package struct ItemChunk: Sendable {
    /// Bounds of one chunk.
    package static let maximumCount = 100
    package static let maximumBytes = 32 << 10

    package let firstIndex: Int
    package let source: String
    package private(set) var count = 0
    private var items: [UInt8] = [UInt8(ascii: "[")]
    private var keys: [UInt8] = [UInt8(ascii: "[")]
    private var hasKeys = false

    package init(firstIndex: Int, source: String) {
        self.firstIndex = firstIndex
        self.source = source
    }

    package var isFull: Bool { count >= Self.maximumCount || items.count >= Self.maximumBytes }
    package var byteCount: Int { items.count + keys.count }

    package mutating func append(_ item: JSONDocument, key: String?) {
        if count > 0 {
            items.append(UInt8(ascii: ","))
            keys.append(UInt8(ascii: ","))
        }
        items.append(contentsOf: item.text.utf8)
        if let key {
            hasKeys = true
            JSONValue.writeString(key, to: &keys)
        } else {
            keys.append(contentsOf: "null".utf8)
        }
        count += 1
    }

    fileprivate var itemText: String { String(decoding: items + [UInt8(ascii: "]")], as: UTF8.self) }
    fileprivate var keyText: String? {
        hasKeys ? String(decoding: keys + [UInt8(ascii: "]")], as: UTF8.self) : nil
    }
}

extension Store {
    /// Stores items that were read.
    ///
    /// - Parameter total: how many items there are, when these are the last.
    /// - Returns: whether the step is this process's.
    package func addMapRunItems(
        _ run: HeldMapRun,
        _ chunks: [ItemChunk],
        total: Int?
    ) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "select stepwell.add_map_run_items($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                run.parameters + [
                    .int4Array(chunks.map { Int32(clamping: $0.firstIndex) }), .jsonArray(chunks.map(\.itemText)),
                    .jsonArray(chunks.map(\.keyText)), .textArray(chunks.map(\.source)),
                    .int4(total.map { Int32(clamping: $0) }),
                ]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().bool(0) }
    }

    /// Items of a run from an index on, in order: at most so many, and those of a few chunks.
    package func mapRunItems(_ run: HeldMapRun, from index: Int, limit: Int) async throws(StoreError) -> [MapItem] {
        let rows = try await query(
            Statement(
                """
                select i.first_index, i.items, i.keys, i.source from stepwell.map_run_items i
                where i.bucket = $1 and i.run = $2 and i.first_index >= coalesce((
                    select max(f.first_index) from stepwell.map_run_items f
                    where f.bucket = $1 and f.run = $2 and f.first_index <= $3), 0)
                order by i.first_index
                limit $4
                """,
                [
                    .int4(run.lease.key.bucket), .uuid(run.id), .int4(Int32(clamping: index)),
                    .int4(Int32(clamping: min(12, limit / ItemChunk.maximumCount + 2))),
                ]
            )
        )
        var items: [MapItem] = []
        for row in rows {
            let (first, values, keys, source) = try decode { () throws(PostgresError) in
                (try row.int(0), try row.text(1), try row.optionalText(2), try row.text(3))
            }
            let chunk = try array(values)
            let chunkKeys = try keys.map { (text) throws(StoreError) in try array(text) }
            for (offset, value) in chunk.enumerated() where first + offset >= index && items.count < limit {
                let key = chunkKeys.flatMap { $0.indices.contains(offset) ? $0[offset].string : nil }
                items.append(MapItem(index: first + offset, value: JSONDocument(value), key: key, source: source))
            }
        }
        return items
    }

    private func array(_ text: String) throws(StoreError) -> [JSONValue] {
        guard let array = (try? JSONValue(parsing: text))?.array else {
            throw .corrupt("items of a map run are not JSON")
        }
        return array
    }

    /// Drops the items of a run that has ended.
    package func forgetMapRunItems(bucket: Int32, run: PGUUID) async throws(StoreError) {
        let page = 500
        while true {
            let rows = try await query(
                Statement(
                    "select stepwell.forget_map_run_items($1, $2, $3)",
                    [.int4(bucket), .uuid(run), .int4(Int32(page))]
                )
            )
            let count = try decode { () throws(PostgresError) in try rows.only().int(0) }
            if count < page { return }
        }
    }
}
