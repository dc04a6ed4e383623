/// Cuts text with separated values into records: fields may be quoted with `"`, a doubled quote stands for one, lines end
/// with LF, CR or CRLF, empty lines don't count.
struct CSVRecords: Sendable {
    private enum State {
        case fieldStart, unquoted, quoted, quoteInQuoted
    }

    private let delimiter: UInt8
    private let maximumBytes: Int
    private var state = State.fieldStart
    private var fields: [[UInt8]] = []
    private var field: [UInt8] = []
    /// Bytes of the record so far.
    private var size = 0
    /// Whether the record has anything besides the end of its line.
    private var hasContent = false
    private var line = 1
    private var afterCarriageReturn = false

    init(delimiter: UInt8, maximumBytes: Int) {
        self.delimiter = delimiter
        self.maximumBytes = maximumBytes
    }

    mutating func feed(_ bytes: some Collection<UInt8>, into records: inout [[String]]) throws(ItemError) {
        for byte in bytes {
            let isPairedNewline = afterCarriageReturn && byte == UInt8(ascii: "\n")
            afterCarriageReturn = false
            if isPairedNewline { continue }
            try take(byte, into: &records)
        }
    }

    mutating func finish(into records: inout [[String]]) throws(ItemError) {
        guard state != .quoted else { throw ItemError("The CSV file ends inside a quoted field (line \(line)).") }
        try endRecord(into: &records)
    }

    private mutating func take(_ byte: UInt8, into records: inout [[String]]) throws(ItemError) {
        switch (state, byte) {
        case (.quoted, UInt8(ascii: "\"")): state = .quoteInQuoted
        case (.quoted, _):
            if byte == UInt8(ascii: "\n") { line += 1 }
            try append(byte)
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            state = .quoted
            try append(byte)
        case (_, delimiter):
            endField()
            hasContent = true
        case (_, UInt8(ascii: "\n")), (_, UInt8(ascii: "\r")):
            line += 1
            afterCarriageReturn = byte == UInt8(ascii: "\r")
            try endRecord(into: &records)
        case (.fieldStart, UInt8(ascii: "\"")):
            state = .quoted
            hasContent = true
        default:
            state = .unquoted
            hasContent = true
            try append(byte)
        }
    }

    private mutating func append(_ byte: UInt8) throws(ItemError) {
        size += 1
        guard size <= maximumBytes else {
            throw ItemError("A record of the CSV file has more than \(maximumBytes) bytes (line \(line)).")
        }
        field.append(byte)
    }

    private mutating func endField() {
        // A field costs memory even when it is empty.
        size += 16
        fields.append(field)
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func endRecord(into records: inout [[String]]) throws(ItemError) {
        defer {
            fields = []
            size = 0
            hasContent = false
        }
        guard hasContent else { return }
        endField()
        var record: [String] = []
        record.reserveCapacity(fields.count)
        for field in fields {
            guard let text = String(validating: field, as: UTF8.self) else {
                throw ItemError("The CSV file is not UTF-8 (line \(max(1, line - 1))).")
            }
            record.append(text)
        }
        guard size <= maximumBytes + 16 else {
            throw ItemError("A record of the CSV file has more than \(maximumBytes) bytes (line \(max(1, line - 1))).")
        }
        records.append(record)
    }
}
