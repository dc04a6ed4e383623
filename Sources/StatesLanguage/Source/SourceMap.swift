import JSON

/// Finds places of a definition in its text.
///
/// Values do not carry their offsets: a text without problems, by far the commonest, never pays for them. The text is
/// scanned again only when there is something to report; it is known to be valid JSON then.
struct SourceMap {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The positions of places: a member's key, an array element's value, the root's first character. A place that is
    /// not in the text has the position of the nearest one around it that is.
    func positions(of places: some Sequence<Place>) -> [Place: SourcePosition] {
        let root = PlaceTree()
        var nodes: [Place: PlaceTree] = [:]
        for place in places where nodes[place] == nil { nodes[place] = root.node(at: place.steps) }
        var scanner = JSONScanner(bytes)
        scanner.locate(root)
        root.inheritOffsets()
        let positions = SourceLines(bytes).positions(of: nodes.values.compactMap(\.offset))
        return nodes.compactMapValues { node in node.offset.flatMap { positions[$0] } }
    }

    /// Every member whose key already stands earlier in the same object, in the order of the text.
    func duplicateKeys(limit: Int) -> [(object: Place, key: String, position: SourcePosition)] {
        var scanner = JSONScanner(bytes)
        let duplicates = scanner.duplicateKeys(limit: limit)
        let positions = SourceLines(bytes).positions(of: duplicates.map(\.offset))
        return duplicates.compactMap { duplicate in
            positions[duplicate.offset].map { (duplicate.object, duplicate.key, $0) }
        }
    }

    /// Whether an object in the text has a key twice: the text then has more members than the value read from it.
    func hasDuplicateKeys(_ value: JSONValue) -> Bool {
        JSONScanner.memberCount(bytes) != value.memberCount
    }
}

/// The wanted places as a tree, so that one scan of the text finds them all.
final class PlaceTree {
    private(set) var children: [Place.Step: PlaceTree] = [:]
    var offset: Int?

    func node(at steps: [Place.Step]) -> PlaceTree {
        var node = self
        for step in steps {
            if let child = node.children[step] {
                node = child
            } else {
                let child = PlaceTree()
                node.children[step] = child
                node = child
            }
        }
        return node
    }

    /// Gives a place that is not in the text the offset of the one around it.
    func inheritOffsets() {
        for child in children.values {
            child.offset = child.offset ?? offset
            child.inheritOffsets()
        }
    }
}

extension JSONValue {
    /// Members of all objects in the value. The depth of a parsed value is bounded, so recursion is.
    fileprivate var memberCount: Int {
        switch self {
        case .object(let object): object.reduce(object.count) { $0 + $1.value.memberCount }
        case .array(let array): array.reduce(0) { $0 + $1.memberCount }
        case .null, .bool, .number, .string: 0
        }
    }
}
