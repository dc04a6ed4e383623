import JSON

/// Follows the segments of one path through one document, within a budget of work.
struct PathEvaluator {
    /// How many nodes the evaluation of one path may look at. What filters compare counts as one node for ten bytes.
    static let nodeLimit = 1_000_000
    private static let bytesPerNode = 10

    /// The path does more than ``nodeLimit`` allows.
    struct LimitExceeded: Error {}

    /// What `$` means within filters.
    let root: JSONValue
    /// What is left, in bytes.
    private var budget = nodeLimit * bytesPerNode

    init(root: JSONValue) {
        self.root = root
    }

    /// Every node the segments lead to, in document order.
    mutating func matches(_ segments: [PathSegment], from start: JSONValue) throws(LimitExceeded) -> [JSONValue] {
        var nodes = [start]
        var isDescending = false
        for segment in segments {
            var next: [JSONValue] = []
            for node in nodes { try select(segment, of: node, isDescending: isDescending, into: &next) }
            nodes = next
            if case .descent = segment { isDescending = true } else { isDescending = false }
        }
        return nodes
    }

    private mutating func visit(_ count: Int) throws(LimitExceeded) {
        budget -= count * Self.bytesPerNode
        guard budget >= 0 else { throw LimitExceeded() }
    }

    private mutating func pay(for value: JSONValue?) throws(LimitExceeded) {
        guard let value else { return }
        guard let size = value.size(atMost: budget) else { throw LimitExceeded() }
        budget -= size
    }

    private mutating func select(
        _ segment: PathSegment,
        of node: JSONValue,
        isDescending: Bool,
        into nodes: inout [JSONValue]
    ) throws(LimitExceeded) {
        try visit(1)
        switch segment {
        case .name, .index, .pick:
            if let child = node.child(at: segment) { nodes.append(child) }
        case .names(let names):
            try visit(names.count)
            nodes.append(contentsOf: names.compactMap { node[$0] })
        case .indexes(let indexes):
            try visit(indexes.count)
            nodes.append(contentsOf: indexes.compactMap { node.element(at: $0) })
        case .slice(let slice):
            guard let elements = node.array else { return }
            for place in slice.places(count: elements.count) {
                try visit(1)
                nodes.append(elements[place])
            }
        case .wildcard:
            try visit(node.childCount)
            node.forEachChild { nodes.append($0) }
        case .descent:
            try descend(into: node, nodes: &nodes)
        case .filter(let filter):
            try select(filter, of: node, isDescending: isDescending, into: &nodes)
        }
    }

    /// Appends the node and all that is below it, parents first.
    private mutating func descend(into node: JSONValue, nodes: inout [JSONValue]) throws(LimitExceeded) {
        var pending = [node]
        while let next = pending.popLast() {
            try visit(1)
            nodes.append(next)
            let mark = pending.count
            next.forEachChild { pending.append($0) }
            pending[mark...].reverse()
        }
    }

    /// A filter tests the elements of an array, or an object itself. Below `..` every object is visited on its own, so
    /// there an array only answers for its other elements.
    private mutating func select(
        _ filter: PathFilter,
        of node: JSONValue,
        isDescending: Bool,
        into nodes: inout [JSONValue]
    ) throws(LimitExceeded) {
        switch node {
        case .object:
            if try holds(filter, for: node) { nodes.append(node) }
        case .array(let elements):
            for element in elements {
                if isDescending, element.object != nil { continue }
                try visit(1)
                if try holds(filter, for: element) { nodes.append(element) }
            }
        case .null, .bool, .number, .string: break
        }
    }

    private mutating func holds(_ filter: PathFilter, for node: JSONValue) throws(LimitExceeded) -> Bool {
        switch filter {
        case .any(let filters):
            for filter in filters where try holds(filter, for: node) { return true }
            return false
        case .all(let filters):
            for filter in filters where try !holds(filter, for: node) { return false }
            return true
        case .not(let filter): return try !holds(filter, for: node)
        case .exists(let reference): return try value(of: reference, for: node) != nil
        case .comparison(let left, let comparator, let right):
            let left = try value(of: left, for: node)
            let right = try value(of: right, for: node)
            try pay(for: left)
            try pay(for: right)
            return comparator.holds(left, right)
        }
    }

    private mutating func value(
        of operand: PathFilter.Operand,
        for node: JSONValue
    ) throws(LimitExceeded) -> JSONValue? {
        switch operand {
        case .literal(let value): return value
        case .reference(let reference): return try value(of: reference, for: node)
        }
    }

    /// The node a definite reference leads to, or the array of all that an indefinite one matches; nil for nothing.
    private mutating func value(
        of reference: PathFilter.Reference,
        for node: JSONValue
    ) throws(LimitExceeded) -> JSONValue? {
        let start = reference.isRelative ? node : root
        let segments = reference.steps.segments
        var found: JSONValue?
        if reference.steps.isDefinite {
            try visit(segments.count)
            found = segments.reduce(start) { node, segment in node?.child(at: segment) }
        } else {
            let nodes = try matches(segments, from: start)
            if !nodes.isEmpty { found = .array(nodes) }
        }
        return reference.steps.takesLength ? found?.pathLength : found
    }
}

extension JSONValue {
    /// Where a definite segment leads; nil for nowhere and for segments that may lead to several nodes.
    fileprivate func child(at segment: PathSegment) -> JSONValue? {
        switch segment {
        case .name(let name): self[name]
        case .index(let index): element(at: index)
        case .pick(let names): object.map { .object($0.picking(names)) }
        case .names, .indexes, .slice, .wildcard, .descent, .filter: nil
        }
    }

    /// The element at an index that counts from the end when it is negative.
    func element(at index: Int) -> JSONValue? {
        guard case .array(let elements) = self else { return nil }
        let place = index < 0 ? index + elements.count : index
        guard elements.indices.contains(place) else { return nil }
        return elements[place]
    }

    /// What `length()` gives: the number of elements, members or characters; nil for other values.
    var pathLength: JSONValue? {
        switch self {
        case .array(let elements): .number(JSONNumber(elements.count))
        case .object(let members): .number(JSONNumber(members.count))
        case .string(let text): .number(JSONNumber(text.utf16.count))
        case .null, .bool, .number: nil
        }
    }

    /// The number of elements or members.
    var childCount: Int {
        switch self {
        case .array(let elements): elements.count
        case .object(let members): members.count
        case .null, .bool, .number, .string: 0
        }
    }

    func forEachChild(_ body: (JSONValue) -> Void) {
        switch self {
        case .array(let elements): elements.forEach(body)
        case .object(let members): members.forEach { body($0.value) }
        case .null, .bool, .number, .string: break
        }
    }
}

extension JSONObject {
    /// The members of these names that exist, in the order of the names.
    func picking(_ names: [String]) -> JSONObject {
        JSONObject(names.compactMap { name in self[name].map { (name, $0) } })
    }
}
