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

    private var source: [JSONValue]
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

    var count: Int { converted?.count ?? source.count }

    var items: [Value] {
        if let converted { return converted }
        let items = source.map { Value($0) }
        converted = items
        source = []
        return items
    }

    var isSequence: Bool { traits.contains(.sequence) }
}
