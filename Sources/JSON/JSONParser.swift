extension JSONValue {
    /// Parses strict JSON (RFC 8259): one value, at most 512 levels deep, no lone surrogates. Of equal keys in one
    /// object the last value wins and the first place is kept.
    ///
    /// - Throws: ``JSONSyntaxError`` with byte offset, line and column of the first fault.
    public init(parsing text: String) throws(JSONSyntaxError) {
        var text = text
        let result: Result<JSONValue, JSONSyntaxError> = text.withUTF8 { bytes in
            JSONParser.parse(bytes, isValidUTF8: true)
        }
        self = try result.get()
    }

    /// Parses bytes that need not be valid UTF-8; those that aren't are refused with their place.
    ///
    /// - Throws: ``JSONSyntaxError`` with byte offset, line and column of the first fault.
    public init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        let result: Result<JSONValue, JSONSyntaxError> = bytes.withUnsafeBufferPointer { bytes in
            JSONParser.parse(bytes, isValidUTF8: false)
        }
        self = try result.get()
    }
}

/// Reads one JSON text from left to right, with a stack of its own so that depth costs no call stack.
struct JSONParser: ~Copyable {
    /// How many arrays and objects may stand in one another.
    static let maximumDepth = 512

    /// An array or object whose end has not been reached.
    private struct Container {
        let isObject: Bool
        /// How many values lay on the stack when it was opened.
        let firstValue: Int
        /// How many keys lay on the stack when it was opened.
        let firstKey: Int
    }

    let text: UnsafeBufferPointer<UInt8>
    /// Whether `text` is known to be valid UTF-8 and need not be checked again.
    let isValidUTF8: Bool
    var position = 0

    private var open: [Container] = []
    private var values = MoveStack<JSONValue>(capacity: 32)
    private var keys = MoveStack<String>(capacity: 32)

    private init(_ text: UnsafeBufferPointer<UInt8>, isValidUTF8: Bool) {
        self.text = text
        self.isValidUTF8 = isValidUTF8
    }

    static func parse(
        _ text: UnsafeBufferPointer<UInt8>,
        isValidUTF8: Bool
    ) -> Result<JSONValue, JSONSyntaxError> {
        var parser = JSONParser(text, isValidUTF8: isValidUTF8)
        do throws(JSONFault) {
            return .success(try parser.parseDocument())
        } catch {
            return .failure(JSONSyntaxError(error, in: text))
        }
    }

    private mutating func parseDocument() throws(JSONFault) -> JSONValue {
        if startsWithByteOrderMark { throw fault(.byteOrderMark) }
        skipSpace()
        var expected = JSONFault.Kind.value
        while true {
            guard var value = try startValue(expected) else {
                expected = .value
                continue
            }
            // A value may be the last of any number of containers.
            while let container = open.last {
                values.push(value)
                guard let closed = try finishElement(of: container) else { break }
                value = closed
            }
            if open.isEmpty {
                skipSpace()
                guard position == text.count else { throw fault(.afterDocument) }
                return value
            }
            expected = .valueAfterComma
        }
    }

    /// In UTF-8 or in either UTF-16.
    private var startsWithByteOrderMark: Bool {
        guard text.count >= 2 else { return false }
        switch (text[0], text[1]) {
        case (0xEF, 0xBB): return text.count >= 3 && text[2] == 0xBF
        case (0xFE, 0xFF), (0xFF, 0xFE): return true
        default: return false
        }
    }

    /// Reads a scalar or an empty container, or opens a container and returns nil: its first value is due.
    @inline(__always)
    private mutating func startValue(_ expected: JSONFault.Kind) throws(JSONFault) -> JSONValue? {
        guard position < text.count else { throw fault(expected) }
        switch text[position] {
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
        case UInt8(ascii: "{"): return try openObject() ? nil : .object(JSONObject())
        case UInt8(ascii: "["): return try openArray() ? nil : .array([])
        case UInt8(ascii: "t") where skip("true"): return .bool(true)
        case UInt8(ascii: "f") where skip("false"): return .bool(false)
        case UInt8(ascii: "n") where skip("null"): return .null
        default: throw fault(expected)
        }
    }

    /// Whether the array has elements; otherwise it has been read.
    private mutating func openArray() throws(JSONFault) -> Bool {
        guard open.count < Self.maximumDepth else { throw fault(.depth) }
        position += 1
        skipSpace()
        if skip(UInt8(ascii: "]")) { return false }
        open.append(Container(isObject: false, firstValue: values.count, firstKey: keys.count))
        return true
    }

    /// Whether the object has members; otherwise it has been read.
    private mutating func openObject() throws(JSONFault) -> Bool {
        guard open.count < Self.maximumDepth else { throw fault(.depth) }
        position += 1
        skipSpace()
        if skip(UInt8(ascii: "}")) { return false }
        open.append(Container(isObject: true, firstValue: values.count, firstKey: keys.count))
        try parseKey(.key)
        return true
    }

    /// Reads what follows a value in a container: the container's end, whose value is returned, or a comma (and a key),
    /// after which the next value is due.
    @inline(__always)
    private mutating func finishElement(of container: Container) throws(JSONFault) -> JSONValue? {
        skipSpace()
        if skip(UInt8(ascii: ",")) {
            skipSpace()
            if container.isObject { try parseKey(.keyAfterComma) }
            return nil
        }
        if container.isObject {
            guard skip(UInt8(ascii: "}")) else { throw fault(.afterMember) }
            open.removeLast()
            let members = keys.take(above: container.firstKey) { keys in
                values.take(above: container.firstValue) { values in
                    [JSONObject.Member](unsafeUninitializedCapacity: keys.count) { members, count in
                        for index in keys.indices {
                            members.initializeElement(
                                at: index,
                                to: (keys.moveElement(from: index), values.moveElement(from: index))
                            )
                        }
                        count = keys.count
                    }
                }
            }
            return .object(JSONObject(members: members))
        }
        guard skip(UInt8(ascii: "]")) else { throw fault(.afterElement) }
        open.removeLast()
        return .array(values.takeArray(above: container.firstValue))
    }

    /// Reads a key and the colon behind it.
    @inline(__always)
    private mutating func parseKey(_ expected: JSONFault.Kind) throws(JSONFault) {
        guard position < text.count, text[position] == UInt8(ascii: "\"") else { throw fault(expected) }
        keys.push(try parseString())
        skipSpace()
        guard skip(UInt8(ascii: ":")) else { throw fault(.colon) }
        skipSpace()
    }

    @inline(__always)
    private mutating func skipSpace() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    /// Skips `word` if it stands here in full. A longer word (`nullable`) fails at what follows.
    @inline(__always)
    private mutating func skip(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard text.count - position >= length else { return false }
        for index in 0..<length where text[position + index] != word.utf8Start[index] { return false }
        position += length
        return true
    }

    func fault(_ kind: JSONFault.Kind) -> JSONFault { JSONFault(kind: kind, offset: position) }

    func fault(_ kind: JSONFault.Kind, at offset: Int) -> JSONFault { JSONFault(kind: kind, offset: offset) }
}
