import JSON

/// An object of a running evaluation. Objects of the input are read in place until a copy has to be changed.
final class Object {
    private enum Storage {
        case source(JSONObject)
        case members(Members)
    }

    private struct Members {
        var keys: [String] = []
        var values: [Value] = []
        var index: [ObjectKey: Int]?
    }

    private var storage: Storage
    private(set) var nesting = 1
    private(set) var holdsFunction = false

    init(_ source: JSONObject) { storage = .source(source) }

    init() { storage = .members(Members()) }

    var count: Int {
        switch storage {
        case .source(let source): source.count
        case .members(let members): members.keys.count
        }
    }

    var keys: [String] {
        switch storage {
        case .source(let source): source.keys
        case .members(let members): members.keys
        }
    }

    var values: [Value] {
        switch storage {
        case .source(let source): source.map { Value($0.value) }
        case .members(let members): members.values
        }
    }

    /// The member, or undefined; setting undefined removes it.
    subscript(key: String) -> Value {
        get {
            switch storage {
            case .source(let source):
                guard let value = source[key] else { return .undefined }
                return Value(value)
            case .members(let members):
                guard let place = Self.place(of: key, in: members) else { return .undefined }
                return members.values[place]
            }
        }
        set {
            var members = changeable()
            if case .undefined = newValue {
                remove(key, from: &members)
            } else if let place = Self.place(of: key, in: members) {
                members.values[place] = newValue
            } else {
                members.keys.append(key)
                members.values.append(newValue)
                if members.index != nil {
                    members.index?[ObjectKey(key)] = members.keys.count - 1
                } else if members.keys.count > Self.indexThreshold {
                    Self.reindex(&members)
                }
            }
            nesting = max(nesting, newValue.nesting + 1)
            if newValue.holdsFunction { holdsFunction = true }
            storage = .members(members)
        }
    }

    private static let indexThreshold = 12

    /// The members, taken out of the storage so that a change copies nothing.
    private func changeable() -> Members {
        switch storage {
        case .members(let members):
            storage = .members(Members())
            return members
        case .source(let source):
            var members = Members(keys: source.keys, values: source.map { Value($0.value) })
            if members.keys.count > Self.indexThreshold { Self.reindex(&members) }
            return members
        }
    }

    private func remove(_ key: String, from members: inout Members) {
        guard let place = Self.place(of: key, in: members) else { return }
        members.keys.remove(at: place)
        members.values.remove(at: place)
        if members.index != nil { Self.reindex(&members) }
    }

    private static func place(of key: String, in members: Members) -> Int? {
        if let index = members.index { return index[ObjectKey(key)] }
        return members.keys.firstIndex { $0.isIdentical(to: key) }
    }

    private static func reindex(_ members: inout Members) {
        var index = [ObjectKey: Int](minimumCapacity: members.keys.count)
        for (place, key) in members.keys.enumerated() { index[ObjectKey(key)] = place }
        members.index = index
    }
}

/// A key that equals only the same code points.
struct ObjectKey: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ObjectKey, right: ObjectKey) -> Bool { left.text.isIdentical(to: right.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
