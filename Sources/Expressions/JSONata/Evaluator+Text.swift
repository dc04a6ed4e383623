import JSON

/// Values as text.
extension Evaluator {
    /// What `$string` makes of a value: strings as they are, functions empty, everything else as JSON.
    func string(_ value: Value, isPretty: Bool = false) throws(JSONataError) -> String {
        switch value {
        case .undefined, .function, .tuple: return ""
        case .string(let text): return text
        case .number(let number):
            guard number.isFinite else {
                throw JSONataError(code: "D3001", reason: "Attempting to invoke string function on Infinity or NaN")
            }
            let rounded = NumberText.rounded(number, digits: 15)
            // The largest doubles round to what no double is, and JSON has no number for that.
            return rounded.isFinite ? NumberText.text(of: rounded) : "null"
        case .exact(let number): return number.text
        case .bool(let bool): return bool ? "true" : "false"
        case .null: return "null"
        case .list, .object:
            var bytes: [UInt8] = []
            try write(value, to: &bytes, isPretty: isPretty, depth: 0)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private func write(
        _ value: Value,
        to bytes: inout [UInt8],
        isPretty: Bool,
        depth: Int
    ) throws(JSONataError) {
        try step()
        try checkNesting(depth)
        try enter()
        defer { leave() }
        try checkRoom(bytes.count)
        switch value {
        case .string(let text): JSONValue.writeString(text, to: &bytes)
        case .function, .undefined, .tuple: bytes += "\"\"".utf8
        case .list(let list):
            bytes.append(UInt8(ascii: "["))
            for (place, item) in list.items.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                if isPretty { Self.newLine(depth + 1, &bytes) }
                try write(item.isUndefined ? .null : item, to: &bytes, isPretty: isPretty, depth: depth + 1)
            }
            if isPretty, list.count > 0 { Self.newLine(depth, &bytes) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (place, (key, member)) in object.members.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                if isPretty { Self.newLine(depth + 1, &bytes) }
                JSONValue.writeString(key, to: &bytes)
                bytes += (isPretty ? ": " : ":").utf8
                try write(member, to: &bytes, isPretty: isPretty, depth: depth + 1)
            }
            if isPretty, object.count > 0 { Self.newLine(depth, &bytes) }
            bytes.append(UInt8(ascii: "}"))
        case .number(let number):
            _ = try finite(number)
            bytes += try string(value).utf8
        case .exact, .bool, .null: bytes += try string(value).utf8
        }
    }

    private static func newLine(_ depth: Int, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: 2 * depth)
    }

    // MARK: Results

    /// The value as JSON; nil for undefined. Functions are what `$string` makes of them, or an error in Step Functions.
    func json(_ value: Value) throws(JSONataError) -> JSONValue? {
        var size = 0
        return try json(value, &size, depth: 0)
    }

    private func json(_ value: Value, _ size: inout Int, depth: Int) throws(JSONataError) -> JSONValue? {
        try checkNesting(depth)
        try step()
        try enter()
        defer { leave() }
        size += 2
        switch value {
        case .undefined, .tuple: return nil
        case .null: return JSONValue.null
        case .bool(let bool): return .bool(bool)
        case .number(let number) where !number.isFinite && dialect == .stepFunctions:
            // AWS writes what JSON has no number for as a string: 1/0 comes to "Infinity".
            return .string(NumberText.text(of: number))
        case .number(let number):
            guard let json = number == 0 ? JSONNumber(0) : JSONNumber(try finite(number)) else { return nil }
            size += 4
            return .number(json)
        case .exact(let number): return .number(number)
        case .string(let text):
            size += text.utf8.count
            try checkOutput(size)
            return .string(text)
        case .function:
            guard dialect == .standard else {
                throw JSONataError(code: JSONataError.unsupportedResult, reason: "the result holds a function")
            }
            return .string("")
        case .list(let list):
            if let json = try unchanged(list.source.map { .array($0) }, &size, depth) { return json }
            var elements: [JSONValue] = []
            try allocate(64 + list.count * MemoryLayout<JSONValue>.stride)
            elements.reserveCapacity(list.count)
            for item in list.items {
                elements.append(try json(item, &size, depth: depth + 1) ?? .null)
            }
            try checkOutput(size)
            return .array(elements)
        case .object(let object):
            if let json = try unchanged(object.source.map { .object($0) }, &size, depth) { return json }
            try allocate(64 + object.count * (object.count > 16 ? 256 : 128))
            var members: [(String, JSONValue)] = []
            members.reserveCapacity(object.count)
            for (key, item) in object.members {
                size += key.utf8.count + 3
                guard let member = try json(item, &size, depth: depth + 1) else { continue }
                members.append((key, member))
            }
            try checkOutput(size)
            return .object(JSONObject(members))
        }
    }

    /// A part of the input that the result can have as it is; nil if there is none or it is too large or deep.
    private func unchanged(_ json: JSONValue?, _ size: inout Int, _ depth: Int) throws(JSONataError) -> JSONValue? {
        guard let json, let bytes = json.size(atMost: max(0, bounds.outputBytes - size), depth: depth + 1) else {
            return nil
        }
        try step(bytes / 64)
        size += bytes
        return json
    }

    private func checkOutput(_ size: Int) throws(JSONataError) {
        guard size <= bounds.outputBytes else {
            throw .bound("the result has more than \(bounds.outputBytes) bytes as JSON")
        }
    }
}
