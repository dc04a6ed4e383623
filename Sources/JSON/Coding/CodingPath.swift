/// The way from the outermost value to one that is being coded, shared between neighbours and spelled out only for
/// errors and for types that ask.
final class CodingPath {
    private let key: any CodingKey
    private let parent: CodingPath?

    init(_ key: any CodingKey, in parent: CodingPath?) {
        self.key = key
        self.parent = parent
    }

    /// The path to a value below, or the same path if there is no key.
    static func path(_ path: CodingPath?, to key: (any CodingKey)?) -> CodingPath? {
        guard let key else { return path }
        return CodingPath(key, in: path)
    }

    /// The keys from the outermost to the innermost.
    static func keys(of path: CodingPath?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var path = path
        while let step = path {
            keys.append(step.key)
            path = step.parent
        }
        return keys.reversed()
    }
}

/// A key that no type declares: an array index, `super`, or a member of a ``JSONValue``.
enum PlainCodingKey: CodingKey {
    case index(Int)
    case name(String)

    /// Where `superDecoder()` and `superEncoder()` keep the superclass.
    static let superclass = PlainCodingKey.name("super")

    init?(stringValue: String) { self = .name(stringValue) }

    init?(intValue: Int) { self = .index(intValue) }

    var stringValue: String {
        switch self {
        case .index(let index): "Index \(index)"
        case .name(let name): name
        }
    }

    var intValue: Int? {
        switch self {
        case .index(let index): index
        case .name: nil
        }
    }
}
