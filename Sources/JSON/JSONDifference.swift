/// What tells two JSON values apart, place by place. The order of members says nothing.
package struct JSONDifference: Sendable {
    package enum Change: Sendable, Hashable {
        case added(JSONValue)
        case removed(JSONValue)
        case changed(from: JSONValue, to: JSONValue)
    }

    /// Each with the names and indexes that lead to it.
    package private(set) var changes: [(path: [String], change: Change)] = []
    /// Whether there are more than were asked for.
    package private(set) var isCut = false
    private let most: Int

    /// - Parameter most: as many changes are looked for.
    package init(from old: JSONValue, to new: JSONValue, most: Int = .max) {
        self.most = most
        compare(old, new, at: [])
    }

    /// The parser bounds how deep this goes.
    private mutating func compare(_ old: JSONValue, _ new: JSONValue, at path: [String]) {
        guard !isCut else { return }
        if let old = old.object, let new = new.object {
            for (name, value) in old {
                if let other = new[name] {
                    compare(value, other, at: path + [name])
                } else {
                    add(.removed(value), at: path + [name])
                }
            }
            for (name, value) in new where old[name] == nil { add(.added(value), at: path + [name]) }
        } else if let old = old.array, let new = new.array {
            for index in 0..<max(old.count, new.count) {
                let path = path + ["\(index)"]
                if index >= old.count {
                    add(.added(new[index]), at: path)
                } else if index >= new.count {
                    add(.removed(old[index]), at: path)
                } else {
                    compare(old[index], new[index], at: path)
                }
            }
        } else if old != new {
            add(.changed(from: old, to: new), at: path)
        }
    }

    private mutating func add(_ change: Change, at path: [String]) {
        guard changes.count < most else {
            isCut = true
            return
        }
        changes.append((path, change))
    }

    /// `/States/Charge/Retry/0`, with `~` and `/` in names written `~0` and `~1`.
    package static func pointer(_ path: [String]) -> String {
        path.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    }
}
