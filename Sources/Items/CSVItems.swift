import JSON
package import StatesLanguage

/// The records of a CSV file, each an object with the headers as keys.
package struct CSVItems: ItemParser {
    private var records: CSVRecords
    private var columns: CSVColumns?
    /// A byte order mark may stand before everything.
    private var prefix: [UInt8]? = []

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    package init(_ format: CSVFormat, maximumItemBytes: Int) throws(ItemError) {
        records = CSVRecords(delimiter: format.delimiter, maximumBytes: maximumItemBytes)
        columns = try format.headers.map { (headers) throws(ItemError) in try CSVColumns(headers) }
    }

    package mutating func feed(_ bytes: some Collection<UInt8>, into items: inout [ParsedItem]) throws(ItemError) {
        guard var start = prefix else { return try parse(bytes, into: &items) }
        start.append(contentsOf: bytes)
        guard start.count >= 3 else {
            prefix = start
            return
        }
        prefix = nil
        try parse(start.starts(with: Self.byteOrderMark) ? start.dropFirst(3) : start[...], into: &items)
    }

    package mutating func finish(into items: inout [ParsedItem]) throws(ItemError) {
        if let start = prefix {
            prefix = nil
            try parse(start, into: &items)
        }
        var rows: [[String]] = []
        try records.finish(into: &rows)
        try add(rows, to: &items)
    }

    private mutating func parse(_ bytes: some Collection<UInt8>, into items: inout [ParsedItem]) throws(ItemError) {
        var rows: [[String]] = []
        try records.feed(bytes, into: &rows)
        try add(rows, to: &items)
    }

    private mutating func add(_ rows: [[String]], to items: inout [ParsedItem]) throws(ItemError) {
        for row in rows {
            guard let columns else {
                columns = try CSVColumns(row)
                continue
            }
            items.append(ParsedItem(value: columns.document(row)))
        }
    }
}

/// The headers of a CSV file.
struct CSVColumns: Sendable {
    /// The place of each key's value in a row, in the order in which objects have them.
    private let keys: [(key: String, place: Int)]

    init(_ headers: [String]) throws(ItemError) {
        guard Set(headers).count == headers.count else { throw ItemError("CSV headers cannot contain duplicates.") }
        keys = Self.ordered(headers)
    }

    /// Values that a row lacks are empty, those beyond the headers are dropped.
    func document(_ row: [String]) -> JSONDocument {
        var object: JSONObject = [:]
        for (key, place) in keys { object[key] = .string(row.indices.contains(place) ? row[place] : "") }
        return JSONDocument(.object(object))
    }

    /// The recorded outputs don't have their keys in the order of the headers, but in that of a Java hash table.
    private static func ordered(_ headers: [String]) -> [(key: String, place: Int)] {
        var buckets = 16
        while headers.count * 4 > buckets * 3 { buckets *= 2 }
        let keys = headers.enumerated()
            .map { place, key in (key: key, place: place, bucket: javaHash(key) & (buckets - 1)) }
        return keys.sorted { ($0.bucket, $0.place) < ($1.bucket, $1.place) }.map { ($0.key, $0.place) }
    }

    private static func javaHash(_ text: String) -> Int {
        var hash: UInt32 = 0
        for unit in text.utf16 { hash = hash &* 31 &+ UInt32(unit) }
        return Int(hash ^ (hash >> 16))
    }
}
