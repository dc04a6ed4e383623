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

    private enum Storage {
        case items([Value])
        /// An array of the input that nobody has looked into yet.
        case source([JSONValue])
        /// Whole numbers in a row that nobody has looked at yet.
        case range(first: Double, count: Int)
    }

    private var storage: Storage
    /// What the list is made of, when it is an array of the input.
    let source: [JSONValue]?
    // Conversions are counted here. The budget lives as long as the evaluation, and no value lives longer.
    private unowned(unsafe) let budget: Budget?
    let nesting: Int
    let holdsFunction: Bool
    var traits: Traits

    init(_ source: [JSONValue], _ budget: Budget) {
        storage = .source(source)
        self.source = source
        self.budget = budget
        nesting = 1
        holdsFunction = false
        traits = []
    }

    init(_ items: [Value], _ traits: Traits = []) {
        storage = .items(items)
        source = nil
        budget = nil
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
    init(from first: Double, count: Int, _ budget: Budget, _ traits: Traits = .sequence) {
        storage = .range(first: first, count: count)
        source = nil
        self.budget = budget
        nesting = 1
        holdsFunction = false
        self.traits = traits
    }

    /// The same numbers once more, as long as nobody has looked at them; nil for other lists.
    func copyOfRange(_ traits: Traits) -> List? {
        guard case .range(let first, let count) = storage, let budget else { return nil }
        return List(from: first, count: count, budget, traits)
    }

    var count: Int {
        switch storage {
        case .items(let items): items.count
        case .source(let source): source.count
        case .range(_, let count): count
        }
    }

    /// The elements; none if there is no memory for them, which ends the evaluation at its next look.
    var items: [Value] {
        if case .items(let items) = storage { return items }
        guard let budget, budget.takeConversion(of: count) else { return [] }
        let items: [Value] =
            switch storage {
            case .items(let items): items
            case .source(let source): source.map { Value($0, budget) }
            case .range(let first, let count): (0..<count).map { .number(first + Double($0)) }
            }
        storage = .items(items)
        return items
    }

    var isSequence: Bool { traits.contains(.sequence) }
}
