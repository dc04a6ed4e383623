import JSON

/// An object of a running evaluation. Objects of the input are read in place until a copy has to be changed.
final class Object {
    typealias Member = (key: String, value: Value)

    private enum Storage {
        case source(JSONObject)
        case members([Member])
    }

    private var storage: Storage
    /// Places by key, kept for large objects.
    private var index: [ObjectKey: Int]?
    // Conversions are counted here. The budget lives as long as the evaluation, and no value lives longer.
    private unowned(unsafe) let budget: Budget?
    private(set) var nesting = 1
    private(set) var holdsFunction = false

    init(_ source: JSONObject, _ budget: Budget) {
        storage = .source(source)
        self.budget = budget
    }

    /// An object without members.
    ///
    /// - Parameter capacity: The number of members it is going to have.
    init(capacity: Int = 0) {
        var members: [Member] = []
        members.reserveCapacity(capacity)
        storage = .members(members)
        budget = nil
    }

    /// What the object is, when it is one of the input.
    var source: JSONObject? {
        if case .source(let source) = storage { return source }
        return nil
    }

    var count: Int {
        switch storage {
        case .source(let source): source.count
        case .members(let members): members.count
        }
    }

    /// The members in JavaScript's order, which `$keys`, `*` and `$string` show: keys that are places of an array come
    /// first, by number.
    var members: [Member] {
        let members = unordered
        guard members.contains(where: { $0.key.arrayIndex != nil }) else { return members }
        let indexed = members.compactMap { member in member.key.arrayIndex.map { (place: $0, member: member) } }
        return indexed.sorted { $0.place < $1.place }.map(\.member) + members.filter { $0.key.arrayIndex == nil }
    }

    /// The members as they were added.
    private var unordered: [Member] {
        switch storage {
        case .members(let members): return members
        case .source(let source):
            guard let budget, budget.takeConversion(of: 2 * source.count) else { return [] }
            return source.map { ($0.key, Value($0.value, budget)) }
        }
    }

    /// The member, or undefined; setting undefined removes it.
    subscript(key: String) -> Value {
        get {
            switch storage {
            case .source(let source):
                guard let budget, let value = source[key] else { return .undefined }
                return Value(value, budget)
            case .members(let members):
                guard let place = place(of: key, in: members) else { return .undefined }
                return members[place].value
            }
        }
        set {
            // The members are taken out of the storage so that a change copies nothing.
            var members = unordered
            storage = .members([])
            if members.count > Self.indexThreshold, index == nil { reindex(members) }
            if case .undefined = newValue {
                if let place = place(of: key, in: members) {
                    members.remove(at: place)
                    index = nil
                }
            } else if let place = place(of: key, in: members) {
                members[place].value = newValue
            } else {
                members.append((key, newValue))
                index?[ObjectKey(key)] = members.count - 1
            }
            nesting = max(nesting, newValue.nesting + 1)
            if newValue.holdsFunction { holdsFunction = true }
            storage = .members(members)
        }
    }

    static let indexThreshold = 12

    private func place(of key: String, in members: [Member]) -> Int? {
        if let index { return index[ObjectKey(key)] }
        return members.firstIndex { $0.key.isIdentical(to: key) }
    }

    private func reindex(_ members: [Member]) {
        var index = [ObjectKey: Int](minimumCapacity: 2 * members.count)
        for (place, member) in members.enumerated() { index[ObjectKey(member.key)] = place }
        self.index = index
    }
}

extension String {
    /// The number that a key is when it could be the place of an element in JavaScript's arrays: digits without a
    /// leading zero, and less than 2^32 - 1.
    fileprivate var arrayIndex: UInt32? {
        guard let first = utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { return nil }
        let digits = utf8.count
        guard digits <= 10, digits == 1 || first != UInt8(ascii: "0"), utf8.allSatisfy({ (48...57).contains($0) }),
            let number = UInt32(self), number < .max
        else { return nil }
        return number
    }
}

/// A key that equals only the same code points.
struct ObjectKey: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ObjectKey, right: ObjectKey) -> Bool { left.text.isIdentical(to: right.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
