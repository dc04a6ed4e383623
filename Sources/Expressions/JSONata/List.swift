import JSON

/// An array of a running evaluation. Arrays of the input are converted when somebody looks inside, one level at a time.
final class List {
    /// What JSONata knows about an array beyond its elements.
    struct Traits: OptionSet {
        let rawValue: UInt8
        /// A result that is the same as its element when it has just one.
        static let sequence = Traits(rawValue: 1)
        /// A sequence that stays an array all the same.
        static let keepsSingleton = Traits(rawValue: 2)
        /// Written as an array constructor in a path; isn't flattened.
        static let constructed = Traits(rawValue: 4)
        /// The input of the whole evaluation, wrapped.
        static let wrapper = Traits(rawValue: 8)
        /// Its elements are tuples.
        static let tuples = Traits(rawValue: 16)
    }

    /// Whole numbers in a row that nobody has looked at yet.
    private struct Range {
        let first: Double
        let count: Int
        let memory: Memory
    }

    private var source: [JSONValue]
    private var range: Range?
    private var converted: [Value]?
    let nesting: Int
    let holdsFunction: Bool
    var traits: Traits

    init(_ source: [JSONValue]) {
        self.source = source
        nesting = 1
        holdsFunction = false
        traits = []
    }

    init(_ items: [Value], _ traits: Traits = []) {
        source = []
        converted = items
        var nesting = 0
        var holdsFunction = false
        for item in items {
            switch item {
            case .list, .object, .function:
                nesting = max(nesting, item.nesting)
                if !holdsFunction { holdsFunction = item.holdsFunction }
            default: break
            }
        }
        self.nesting = nesting + 1
        self.holdsFunction = holdsFunction
        self.traits = traits
    }

    /// So many whole numbers, which are made when somebody looks at them.
    init(from first: Double, count: Int, _ memory: Memory) {
        source = []
        range = Range(first: first, count: count, memory: memory)
        nesting = 1
        holdsFunction = false
        traits = .sequence
    }

    /// The same numbers once more, as long as nobody has looked at them; nil for other lists.
    func copyOfRange(_ traits: Traits) -> List? {
        guard converted == nil, let range else { return nil }
        let copy = List(from: range.first, count: range.count, range.memory)
        copy.traits = traits
        return copy
    }

    var count: Int { converted?.count ?? range?.count ?? source.count }

    var items: [Value] {
        if let converted { return converted }
        let items = range.map { Self.numbers($0) } ?? source.map { Value($0) }
        converted = items
        source = []
        return items
    }

    private static func numbers(_ range: Range) -> [Value] {
        guard range.memory.take(range.count * MemoryLayout<Value>.stride) else { return [] }
        return (0..<range.count).map { .number(range.first + Double($0)) }
    }

    var isSequence: Bool { traits.contains(.sequence) }
}
