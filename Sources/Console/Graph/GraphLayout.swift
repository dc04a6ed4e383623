import JSON

/// Where the boxes and arrows of a graph are, in points from the upper left corner.
struct GraphLayout: Sendable {
    struct Point: Sendable, Hashable {
        var x: Double
        var y: Double
    }

    struct Box: Sendable {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
    }

    /// A Bézier curve, from its beginning to the point of the arrow.
    struct Curve: Sendable {
        var points: [Point]
        var tip: Point
    }

    let width: Double
    let height: Double
    /// The middle of each node, by its number.
    private(set) var nodes: [Int: Point] = [:]
    private(set) var clusters: [Int: Box] = [:]
    private(set) var edges: [Int: Curve] = [:]

    /// - Parameter output: what `dot -Tjson0` writes.
    /// - Returns: nil if it is something else.
    init?(_ output: [UInt8]) {
        guard let json = try? JSONValue(parsing: output), let bounds = json["bb"]?.string.map(Self.numbers),
            bounds.count == 4
        else { return nil }
        (width, height) = (bounds[2], bounds[3])
        for object in json["objects"]?.array ?? [] {
            guard let name = object["name"]?.string else { continue }
            if name.hasPrefix("cluster_"), let id = Int(name.dropFirst("cluster_".count)),
                let box = object["bb"]?.string.map(Self.numbers), box.count == 4
            {
                clusters[id] = Box(x: box[0], y: height - box[3], width: box[2] - box[0], height: box[3] - box[1])
            } else if name.hasPrefix("n"), let id = Int(name.dropFirst()),
                let place = object["pos"]?.string.map(Self.numbers), place.count == 2
            {
                nodes[id] = Point(x: place[0], y: height - place[1])
            }
        }
        for edge in json["edges"]?.array ?? [] {
            guard let id = edge["id"]?.string.flatMap({ Int($0) }), let text = edge["pos"]?.string,
                let curve = curve(text)
            else { continue }
            edges[id] = curve
        }
    }

    /// `e,10,20 1,2 3,4 5,6 7,8`: the tip, then the points of the curve.
    private func curve(_ text: String) -> Curve? {
        var tip: Point?
        var points: [Point] = []
        for word in text.split(separator: " ") {
            let numbers = Self.numbers(word.hasPrefix("e,") ? String(word.dropFirst(2)) : String(word))
            guard numbers.count == 2 else { return nil }
            let point = Point(x: numbers[0], y: height - numbers[1])
            if word.hasPrefix("e,") { tip = point } else { points.append(point) }
        }
        guard let last = points.last, points.count % 3 == 1 else { return nil }
        return Curve(points: points, tip: tip ?? last)
    }

    private static func numbers(_ text: String) -> [Double] {
        text.split(separator: ",").compactMap { Double($0) }.filter(\.isFinite)
    }
}
