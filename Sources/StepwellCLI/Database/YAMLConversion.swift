import JSON
import StatesLanguage
import Yams

/// Writes what YAML says as JSON, indented, and remembers where everything comes from. What aliases multiply is bounded by
/// the size of a definition.
struct YAMLConversion: Sendable {
    private static let maximumDepth = 500

    private let file: String
    private(set) var bytes: [UInt8] = []
    private(set) var origins: [YAMLOrigin] = []

    init(file: String) { self.file = file }

    mutating func write(_ node: Node, depth: Int = 0) throws(Failure) {
        guard depth < Self.maximumDepth else {
            throw fault("nested deeper than \(Self.maximumDepth) levels", at: node.mark)
        }
        guard bytes.count <= Definition.maximumByteCount else {
            throw fault("the definition has more than \(Definition.maximumByteCount) bytes as JSON", at: node.mark)
        }
        mark(node.mark)
        switch node {
        case .scalar(let scalar): try write(scalar)
        case .sequence(let sequence):
            try check(sequence.tag, .seq, at: sequence.mark)
            try writeItems(sequence, "[]", depth) { (writer, item) throws(Failure) in
                try writer.write(item, depth: depth + 1)
            }
        case .mapping(let mapping):
            try check(mapping.tag, .map, at: mapping.mark)
            try writeItems(mapping, "{}", depth) { (writer, pair) throws(Failure) in
                guard case .scalar(let key) = pair.key else {
                    throw writer.fault("a key is no plain text", at: pair.key.mark)
                }
                writer.mark(key.mark)
                JSONValue.writeString(key.string, to: &writer.bytes)
                writer.bytes += Array(": ".utf8)
                try writer.write(pair.value, depth: depth + 1)
            }
        case .alias: throw fault("the alias has nothing to stand for", at: node.mark)
        }
    }

    private mutating func writeItems<Items: Collection>(
        _ items: Items,
        _ brackets: String,
        _ depth: Int,
        _ write: (inout Self, Items.Element) throws(Failure) -> Void
    ) throws(Failure) {
        let brackets = Array(brackets.utf8)
        bytes.append(brackets[0])
        var isFirst = true
        for item in items {
            bytes += Array((isFirst ? "\n" : ",\n").utf8)
            indent(depth + 1)
            try write(&self, item)
            isFirst = false
        }
        if !isFirst {
            bytes.append(UInt8(ascii: "\n"))
            indent(depth)
        }
        bytes.append(brackets[1])
    }

    private mutating func write(_ scalar: Node.Scalar) throws(Failure) {
        let text = scalar.string
        switch scalar.tag.rawValue {
        case Tag.Name.str.rawValue: JSONValue.writeString(text, to: &bytes)
        case Tag.Name.implicit.rawValue where ["", "~", "Null", "NULL"].contains(text): bytes += Array("null".utf8)
        case Tag.Name.implicit.rawValue where ["True", "TRUE", "False", "FALSE"].contains(text):
            bytes += Array(text.lowercased().utf8)
        case Tag.Name.implicit.rawValue where Self.isJSON(text): bytes += Array(text.utf8)
        case Tag.Name.implicit.rawValue: JSONValue.writeString(text, to: &bytes)
        default: throw fault("the tag \(scalar.tag.rawValue) has no meaning here", at: scalar.mark)
        }
    }

    /// Whether a plain value is `true`, `false`, `null` or a number of JSON.
    private static func isJSON(_ text: String) -> Bool {
        switch try? JSONValue(parsing: text) {
        case .number?, .bool?, .null?: true
        default: false
        }
    }

    private func check(_ tag: Tag, _ name: Tag.Name, at mark: Mark?) throws(Failure) {
        guard ![Tag.Name.implicit.rawValue, name.rawValue].contains(tag.rawValue) else { return }
        throw fault("the tag \(tag.rawValue) has no meaning here", at: mark)
    }

    private mutating func indent(_ depth: Int) {
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: 2 * depth)
    }

    private mutating func mark(_ mark: Mark?) {
        guard let mark else { return }
        origins.append(YAMLOrigin(offset: bytes.count, line: mark.line, column: mark.column))
    }

    private func fault(_ reason: String, at mark: Mark?) -> Failure {
        Failure(.negative, reason, at: mark.map { "\(file):\($0.line):\($0.column)" } ?? file)
    }
}
