extension JSONValue {
    /// The value as compact JSON: no spaces, members in their order, numbers digit for digit, `/` and non-ASCII
    /// characters unescaped.
    public var text: String {
        var writer = JSONWriter()
        writer.write(self)
        return writer.text
    }

    /// The value as JSON for people: every member and element on a line of its own, indented by two spaces.
    public var prettyText: String {
        var writer = JSONWriter(isPretty: true)
        writer.write(self)
        return writer.text
    }

    /// Appends the value as compact JSON in UTF-8.
    public func write(to bytes: inout [UInt8]) {
        var writer = JSONWriter()
        writer.write(self)
        writer.append(to: &bytes)
    }

    /// Appends `string` as a JSON string, quoted and escaped, in UTF-8.
    public static func writeString(_ string: String, to bytes: inout [UInt8]) {
        var writer = JSONWriter()
        writer.write(string)
        writer.append(to: &bytes)
    }
}

/// Writes values into a buffer of its own, with a stack of its own so that depth costs no call stack.
struct JSONWriter: ~Copyable {
    /// An array or object that has been begun, and which of its elements comes next.
    private enum Container {
        case array([JSONValue], next: Int)
        case object(JSONObject, next: Int)
    }

    private let isPretty: Bool
    private var open: [Container] = []
    private var output = ByteBuffer(capacity: 256)

    init(isPretty: Bool = false) {
        self.isPretty = isPretty
    }

    var text: String { String(decoding: output.written, as: UTF8.self) }

    func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: output.written) }

    mutating func write(_ value: JSONValue) {
        begin(value)
        while let container = open.popLast() {
            switch container {
            case .array(let elements, let next): writeElements(of: elements, from: next)
            case .object(let object, let next): writeMembers(of: object, from: next)
            }
        }
    }

    /// Writes a scalar or an empty container. Of another container it writes the opening bracket and leaves the rest
    /// on the stack, above the container that is being written.
    ///
    /// - Returns: whether there is such a rest.
    @discardableResult
    @inline(__always)
    private mutating func begin(_ value: JSONValue, in parent: @autoclosure () -> Container? = nil) -> Bool {
        switch value {
        case .null: output.append("null")
        case .bool(true): output.append("true")
        case .bool(false): output.append("false")
        case .number(let number): write(number)
        case .string(let string): write(string)
        case .array(let elements) where elements.isEmpty: output.append("[]")
        case .object(let object) where object.isEmpty: output.append("{}")
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            if let parent = parent() { open.append(parent) }
            open.append(.array(elements, next: 0))
            return true
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            if let parent = parent() { open.append(parent) }
            open.append(.object(object, next: 0))
            return true
        }
        return false
    }

    /// Writes elements up to the end of the array, or up to a container, which goes first.
    private mutating func writeElements(of elements: [JSONValue], from first: Int) {
        for position in first..<elements.count {
            separate(isFirst: position == 0)
            if begin(elements[position], in: .array(elements, next: position + 1)) { return }
        }
        if isPretty { output.appendLine(depth: open.count) }
        output.append(UInt8(ascii: "]"))
    }

    /// Writes members up to the end of the object, or up to a value that is a container, which goes first.
    private mutating func writeMembers(of object: JSONObject, from first: Int) {
        for position in first..<object.count {
            separate(isFirst: position == 0)
            let (key, value) = object[position]
            write(key)
            output.append(UInt8(ascii: ":"))
            if isPretty { output.append(UInt8(ascii: " ")) }
            if begin(value, in: .object(object, next: position + 1)) { return }
        }
        if isPretty { output.appendLine(depth: open.count) }
        output.append(UInt8(ascii: "}"))
    }

    /// Writes what stands before an element of a container that is off the stack.
    @inline(__always)
    private mutating func separate(isFirst: Bool) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        if isPretty { output.appendLine(depth: open.count + 1) }
    }

    private mutating func write(_ number: JSONNumber) {
        switch number.storage {
        case .integer(let integer): output.append(integer)
        case .text(let text): output.append(text)
        }
    }

    @inline(__always)
    mutating func write(_ string: String) {
        var string = string
        string.withUTF8 { output.appendQuoted($0) }
    }
}
