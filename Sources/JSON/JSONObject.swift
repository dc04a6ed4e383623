/// The members of a JSON object in the order in which they were written.
///
/// A key occurs once: setting it again replaces the value and keeps its place. Small objects are searched, large ones
/// are indexed, so both stay fast.
public struct JSONObject: Sendable {
    /// One `key: value` pair.
    public typealias Member = (key: String, value: JSONValue)

    @usableFromInline
    var members: [Member]

    /// Positions by key, kept only above `indexThreshold` members.
    @usableFromInline
    var index: [ExactKey: Int]?

    @usableFromInline
    static let indexThreshold = 16

    /// An object without members.
    @inlinable
    public init() {
        members = []
        index = nil
    }

    /// An object with these members; of equal keys the last value wins.
    public init(_ elements: some Sequence<(String, JSONValue)>) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }

    /// An object as it was parsed: of equal keys the last value wins and the first place is kept.
    init(members parsed: [Member]) {
        members = parsed
        index = nil
        if parsed.count > Self.indexThreshold {
            indexAndMergeEqualKeys()
        } else {
            mergeEqualKeys()
        }
    }

    /// The value of a member; setting nil removes it.
    public subscript(key: String) -> JSONValue? {
        get {
            guard let position = position(of: key) else { return nil }
            return members[position].value
        }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(key, value)
            case (let position?, nil):
                members.remove(at: position)
                reindex()
            case (nil, nil): break
            }
        }
    }

    /// The number of members.
    @inlinable
    public var count: Int { members.count }

    /// Whether there is no member.
    @inlinable
    public var isEmpty: Bool { members.isEmpty }

    /// The keys, in order.
    public var keys: [String] { members.map(\.key) }

    /// The values, in order.
    public var values: [JSONValue] { members.map(\.value) }

    @usableFromInline
    func position(of key: String) -> Int? {
        if let index { return index[ExactKey(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }

    @usableFromInline
    mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if index != nil {
            index?[ExactKey(key)] = members.count - 1
        } else if members.count > Self.indexThreshold {
            reindex()
        }
    }

    /// Merges members of equal keys by comparing each with all before it.
    private mutating func mergeEqualKeys() {
        var next = 1
        while next < members.count {
            if let first = members[..<next].firstIndex(where: { $0.key.hasSameBytes(as: members[next].key) }) {
                members[first].value = members.remove(at: next).value
            } else {
                next += 1
            }
        }
    }

    /// Merges members of equal keys by looking each up among those before it.
    private mutating func indexAndMergeEqualKeys() {
        var positions = [ExactKey: Int](minimumCapacity: members.count)
        var kept = 0
        for position in members.indices {
            let key = ExactKey(members[position].key)
            if let first = positions.updateValue(kept, forKey: key) {
                positions[key] = first
                members[first].value = members[position].value
            } else {
                members.swapAt(kept, position)
                kept += 1
            }
        }
        members.removeLast(members.count - kept)
        if kept > Self.indexThreshold { index = positions }
    }

    private mutating func reindex() {
        guard members.count > Self.indexThreshold else {
            index = nil
            return
        }
        var positions = [ExactKey: Int](minimumCapacity: members.count)
        for (position, member) in members.enumerated() { positions[ExactKey(member.key)] = position }
        index = positions
    }
}

extension JSONObject: RandomAccessCollection {
    /// Always 0.
    @inlinable
    public var startIndex: Int { 0 }
    /// The number of members.
    @inlinable
    public var endIndex: Int { members.count }
    /// The member at a position.
    @inlinable
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    /// Equal members in equal order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.key.hasSameBytes(as: $1.key) && $0.value == $1.value }
    }

    /// Feeds keys and values in order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        for member in members {
            hasher.combine(member.key)
            hasher.combine(member.value)
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object whose members stand in the order of the literal.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
