import JSON

/// What tells two JSON values apart, place by place. The order of members says nothing.
struct JSONDifference {
    enum Change {
        case added(JSONValue)
        case removed(JSONValue)
        case changed(from: JSONValue, to: JSONValue)
    }

    /// Each with the names and indexes that lead to it.
    private(set) var changes: [(path: [String], change: Change)] = []

    init(from old: JSONValue, to new: JSONValue) { compare(old, new, at: []) }

    /// The parser bounds how deep this goes.
    private mutating func compare(_ old: JSONValue, _ new: JSONValue, at path: [String]) {
        if let old = old.object, let new = new.object {
            for (name, value) in old {
                if let other = new[name] {
                    compare(value, other, at: path + [name])
                } else {
                    changes.append((path + [name], .removed(value)))
                }
            }
            for (name, value) in new where old[name] == nil { changes.append((path + [name], .added(value))) }
        } else if let old = old.array, let new = new.array {
            for index in 0..<max(old.count, new.count) {
                let path = path + ["\(index)"]
                if index >= old.count {
                    changes.append((path, .added(new[index])))
                } else if index >= new.count {
                    changes.append((path, .removed(old[index])))
                } else {
                    compare(old[index], new[index], at: path)
                }
            }
        } else if old != new {
            changes.append((path, .changed(from: old, to: new)))
        }
    }

    /// `/States/Charge/Retry/0`, with `~` and `/` in names written `~0` and `~1`.
    static func pointer(_ path: [String]) -> String {
        path.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    }
}
