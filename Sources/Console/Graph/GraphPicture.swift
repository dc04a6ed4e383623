import StatesLanguage

/// A graph with places and colours: what its template draws.
struct GraphPicture {
    struct Node {
        let x: String
        let y: String
        let width: Int
        let height: Int
        let middle: String
        let nameY: String
        let noteY: String
        let name: String
        let fullName: String
        let note: String
        /// How long the note may be; nil: it has room.
        let noteWidth: Int?
        let kind: String
        let tone: String
        let isChosen: Bool
        let address: String
    }

    struct Dot {
        let x: String
        let y: String
        let radius: Int
        let kind: String
    }

    struct Cluster {
        let x: String
        let y: String
        let width: String
        let height: String
        let tone: String
    }

    struct Edge {
        let path: String
        let tip: String
        let kind: String
    }

    let width: Int
    let height: Int
    let clusters: [Cluster]
    let edges: [Edge]
    let nodes: [Node]
    let dots: [Dot]
    /// About as much as it takes of a page.
    let bytes: Int

    /// - Parameters:
    ///   - chosen: the state that is looked at.
    ///   - look: the colour of a state, and what is to be said under its name.
    ///   - address: where a click on a state leads.
    init(
        _ graph: MachineGraph,
        _ layout: GraphLayout,
        chosen: String?,
        look: (String, MachineGraph.Kind) -> (tone: String, note: String),
        address: (String) -> String
    ) {
        width = Int(min(layout.width, 1e6)) + 8
        height = Int(min(layout.height, 1e6)) + 8
        clusters = graph.clusters.compactMap { cluster in
            guard let box = layout.clusters[cluster.id] else { return nil }
            return Cluster(
                x: Self.text(box.x),
                y: Self.text(box.y),
                width: Self.text(box.width),
                height: Self.text(box.height),
                tone: look(cluster.state, .map).tone
            )
        }
        edges = graph.edges.compactMap { edge in
            guard let curve = layout.edges[edge.id] else { return nil }
            return Edge(path: Self.path(curve), tip: Self.tip(curve), kind: edge.kind.rawValue)
        }
        var nodes: [Node] = []
        var dots: [Dot] = []
        for node in graph.nodes {
            guard let place = layout.nodes[node.id] else { continue }
            guard let state = node.state else {
                dots.append(
                    Dot(x: Self.text(place.x), y: Self.text(place.y), radius: node.width / 2, kind: node.kind.rawValue)
                )
                continue
            }
            let (tone, note) = look(state, node.kind)
            nodes.append(
                Node(
                    x: Self.text(place.x - Double(node.width) / 2),
                    y: Self.text(place.y - Double(node.height) / 2),
                    width: node.width,
                    height: node.height,
                    middle: Self.text(place.x),
                    nameY: Self.text(place.y - 3),
                    noteY: Self.text(place.y + 14),
                    name: Self.cut(state),
                    fullName: state,
                    note: note,
                    noteWidth: note.displayWidth * 6 > node.width - 10 ? node.width - 10 : nil,
                    kind: node.kind.rawValue,
                    tone: tone,
                    isChosen: state == chosen,
                    address: address(state)
                )
            )
        }
        (self.nodes, self.dots) = (nodes, dots)
        bytes =
            nodes.reduce(0) { $0 + 300 + 3 * $1.fullName.utf8.count + 2 * $1.note.utf8.count + $1.address.utf8.count }
            + edges.reduce(0) { $0 + 60 + $1.path.utf8.count + $1.tip.utf8.count }
    }

    /// As much of a name as its box has room for.
    private static func cut(_ name: String) -> String {
        guard name.displayWidth > 26 else { return name }
        var (text, room) = ("", 25)
        for character in name {
            room -= String(character).displayWidth
            if room < 0 { break }
            text.append(character)
        }
        return text + "…"
    }

    /// A coordinate with one digit behind the point.
    private static func text(_ value: Double) -> String {
        let tenths = Int((min(max(value, -1e6), 1e6) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    private static func text(_ point: GraphLayout.Point) -> String { "\(text(point.x)) \(text(point.y))" }

    private static func path(_ curve: GraphLayout.Curve) -> String {
        guard let first = curve.points.first else { return "" }
        return "M\(text(first))C" + curve.points.dropFirst().map { text($0) }.joined(separator: " ")
    }

    /// The point of the arrow: a triangle from the end of the curve.
    private static func tip(_ curve: GraphLayout.Curve) -> String {
        guard let last = curve.points.last else { return "" }
        let (dx, dy) = (curve.tip.x - last.x, curve.tip.y - last.y)
        let length = max(0.1, (dx * dx + dy * dy).squareRoot())
        let (sideX, sideY) = (-dy / length * 3.5, dx / length * 3.5)
        let left = GraphLayout.Point(x: last.x + sideX, y: last.y + sideY)
        let right = GraphLayout.Point(x: last.x - sideX, y: last.y - sideY)
        return "M\(text(left))L\(text(curve.tip))L\(text(right))Z"
    }
}
