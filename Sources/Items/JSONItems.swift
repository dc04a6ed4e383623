import JSON

/// The elements of an array in a JSON file, or the members of an object that a pointer leads to. What stands around them
/// is passed over; of the items, one at a time is kept.
package struct JSONItems: ItemParser {
    private enum State {
        /// A value begins.
        case value
        /// An element or the end of an array; a key or the end of an object.
        case elementOrEnd, keyOrEnd
        case key, colon
        /// Inside a value; `captures`: it is an item.
        case inValue(ValueScanner, captures: Bool)
        case commaOrEnd
        case done
    }

    private struct Container {
        var isObject: Bool
        var index = 0
    }

    private let pointer: [String]
    private let maximumItemBytes: Int
    private var state = State.value
    /// The containers on the way to the items, and around them.
    private var containers: [Container] = []
    private var keyScanner = ValueScanner()
    private var buffer: [UInt8] = []
    private var key: String?
    private var offset = 0

    /// - Parameter pointer: the keys of a JSON Pointer; empty: the file itself is the array.
    package init(pointer: [String], maximumItemBytes: Int) {
        self.pointer = pointer
        self.maximumItemBytes = maximumItemBytes
    }

    package var isDone: Bool {
        if case .done = state { true } else { false }
    }

    package mutating func feed(_ bytes: some Collection<UInt8>, into items: inout [ParsedItem]) throws(ItemError) {
        for byte in bytes {
            if isDone { return }
            let isMark = offset < 3 && containers.isEmpty && [0xEF, 0xBB, 0xBF][offset] == byte
            if !isMark { try take(byte, into: &items) }
            offset += 1
        }
    }

    package mutating func finish(into items: inout [ParsedItem]) throws(ItemError) {
        guard isDone else { throw ItemError("The JSON file ends too early (after \(offset) bytes).") }
    }

    private mutating func take(_ byte: UInt8, into items: inout [ParsedItem]) throws(ItemError) {
        switch state {
        case .inValue(var scanner, let captures):
            let progress = scanner.take(byte)
            if captures, progress != .endedBefore { try collect(byte) }
            state = .inValue(scanner, captures: captures)
            guard progress != .more else { return }
            if captures { try endItem(into: &items) }
            containers[containers.count - 1].index += 1
            state = .commaOrEnd
            if progress == .endedBefore { try take(byte, into: &items) }
        case .key:
            try collect(byte)
            guard keyScanner.take(byte) != .more else { return }
            key = try value(named: "A key").string
            state = .colon
        case _ where byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D: return
        case .value: try beginValue(byte, into: &items)
        case .elementOrEnd:
            if byte == UInt8(ascii: "]") { return try endContainer() }
            try beginValue(byte, into: &items)
        case .keyOrEnd:
            if byte == UInt8(ascii: "}") { return try endContainer() }
            guard byte == UInt8(ascii: "\"") else { throw unexpected(byte) }
            keyScanner = ValueScanner()
            _ = keyScanner.take(byte)
            buffer = [byte]
            state = .key
        case .colon:
            guard byte == UInt8(ascii: ":") else { throw unexpected(byte) }
            state = .value
        case .commaOrEnd:
            let isObject = containers.last?.isObject ?? false
            if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) { return try endContainer() }
            guard byte == UInt8(ascii: ",") else { throw unexpected(byte) }
            // A comma before the end is accepted here: what stands around items is not checked in full.
            state = isObject ? .keyOrEnd : .value
        case .done: return
        }
    }

    private mutating func beginValue(_ byte: UInt8, into items: inout [ParsedItem]) throws(ItemError) {
        let depth = containers.count
        if depth == pointer.count + 1 { return try enterValue(byte, captures: true, into: &items) }
        guard depth == 0 || isOnPath else { return try enterValue(byte, captures: false, into: &items) }
        switch byte {
        case UInt8(ascii: "["):
            containers.append(Container(isObject: false))
            state = .elementOrEnd
        case UInt8(ascii: "{") where !pointer.isEmpty:
            containers.append(Container(isObject: true))
            state = .keyOrEnd
        default: throw Self.notIterable
        }
    }

    /// Whether the value that begins is the one that the pointer names next.
    private var isOnPath: Bool {
        guard let container = containers.last else { return true }
        let wanted = pointer[containers.count - 1]
        return container.isObject ? key == wanted : String(container.index) == wanted
    }

    private mutating func enterValue(
        _ byte: UInt8,
        captures: Bool,
        into items: inout [ParsedItem]
    ) throws(ItemError) {
        var scanner = ValueScanner()
        guard scanner.canBegin(with: byte) else { throw unexpected(byte) }
        _ = scanner.take(byte)
        buffer.removeAll(keepingCapacity: true)
        if captures { buffer.append(byte) }
        state = .inValue(scanner, captures: captures)
    }

    private mutating func collect(_ byte: UInt8) throws(ItemError) {
        guard buffer.count < maximumItemBytes else {
            throw ItemError("An item of the JSON file has more than \(maximumItemBytes) bytes (at byte \(offset)).")
        }
        buffer.append(byte)
    }

    private mutating func endItem(into items: inout [ParsedItem]) throws(ItemError) {
        let value = JSONDocument(try value(named: "An item"))
        let isMember = containers.last?.isObject ?? false
        items.append(ParsedItem(key: isMember ? key : nil, value: value))
    }

    private func value(named what: String) throws(ItemError) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: buffer)
        } catch {
            throw ItemError("\(what) of the JSON file is not JSON (before byte \(offset)): \(error.reason)")
        }
    }

    private mutating func endContainer() throws(ItemError) {
        if containers.count == pointer.count + 1 {
            state = .done
        } else {
            throw ItemError("The ItemsPointer leads nowhere: there is no '\(pointer[containers.count - 1])'.")
        }
    }

    private func unexpected(_ byte: UInt8) -> ItemError {
        ItemError("The file is not JSON: unexpected byte \(byte) at offset \(offset).")
    }

    /// As AWS says it.
    private static let notIterable = ItemError("Attempting to map over non-iterable node.")
}

/// Finds the end of a JSON value without checking what is in it.
struct ValueScanner: Sendable {
    enum Progress {
        case more, ended
        /// The value had ended before this byte.
        case endedBefore
    }

    private enum Kind {
        case none, container, string, scalar
    }

    private var kind = Kind.none
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    func canBegin(with byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            true
        default: false
        }
    }

    mutating func take(_ byte: UInt8) -> Progress {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                return kind == .string ? .ended : .more
            }
            return .more
        }
        switch byte {
        case UInt8(ascii: "\"") where kind == .none || kind == .container:
            if kind == .none { kind = .string }
            isInString = true
            return .more
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if kind == .scalar { return .endedBefore }
            kind = .container
            depth += 1
            return .more
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if kind != .container { return .endedBefore }
            depth -= 1
            return depth == 0 ? .ended : .more
        case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
            return kind == .scalar ? .endedBefore : .more
        default:
            if kind == .none { kind = .scalar }
            return .more
        }
    }
}
