/// One step of a path.
enum PathSegment: Sendable, Hashable {
    /// `.a` or `['a']`
    case name(String)
    /// `['a','b']` with more steps after it: each of these members.
    case names([String])
    /// `['a','b']` at the end: an object of these members.
    case pick([String])
    /// `[0]`, `[-1]` counted from the end
    case index(Int)
    /// `[0,2]`
    case indexes([Int])
    /// `[1:3]`
    case slice(PathSlice)
    /// `.*` or `[*]`
    case wildcard
    /// `..`: the node and everything below it; the next segment is applied to each.
    case descent
    /// `[?(…)]`
    case filter(PathFilter)

    /// Whether the segment leads to one value at most.
    var isDefinite: Bool {
        switch self {
        case .name, .index, .pick: true
        case .names, .indexes, .slice, .wildcard, .descent, .filter: false
        }
    }
}

/// The steps of a path after its root.
struct PathSteps: Sendable, Hashable {
    var segments: [PathSegment] = []
    /// Whether the path ends in `.length()`.
    var takesLength = false

    /// Whether the steps lead to one value at most.
    var isDefinite: Bool { segments.allSatisfy(\.isDefinite) }
}

/// `[start:end:step]` with Python's meaning: negative places count from the end, all three may be left out.
struct PathSlice: Sendable, Hashable {
    var start: Int?
    var end: Int?
    var step = 1

    /// The places it selects of an array, in the order of selection.
    func places(count: Int) -> StrideTo<Int> {
        func absolute(_ place: Int) -> Int { place < 0 ? place + count : place }
        func clamp(_ place: Int, _ lowest: Int, _ highest: Int) -> Int { min(max(place, lowest), highest) }
        if step > 0 {
            let first = clamp(start.map(absolute) ?? 0, 0, count)
            let last = clamp(end.map(absolute) ?? count, 0, count)
            return stride(from: first, to: last, by: min(step, count + 1))
        }
        let first = clamp(start.map(absolute) ?? count - 1, -1, count - 1)
        let last = clamp(end.map(absolute) ?? -1, -1, count - 1)
        return stride(from: first, to: last, by: max(step, -count - 1))
    }
}

extension PathSegment: CustomStringConvertible {
    /// The segment in brackets, the form in which AWS names places: `['a']`, `[0]`.
    var description: String {
        switch self {
        case .name(let name): "['\(name)']"
        case .names(let names), .pick(let names): "[" + names.map { "'\($0)'" }.joined(separator: ",") + "]"
        case .index(let index): "[\(index)]"
        case .indexes(let indexes): "[" + indexes.map(String.init).joined(separator: ",") + "]"
        case .slice(let slice): slice.description
        case .wildcard: "[*]"
        case .descent: ".."
        case .filter: "[?]"
        }
    }
}

extension PathSlice: CustomStringConvertible {
    var description: String {
        let bounds = "\(start.map(String.init) ?? ""):\(end.map(String.init) ?? "")"
        return step == 1 ? "[\(bounds)]" : "[\(bounds):\(step)]"
    }
}
