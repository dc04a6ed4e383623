import StatesLanguage

/// A state machine as boxes and arrows, before they have a place.
struct MachineGraph: Sendable {
    struct Node: Sendable {
        let id: Int
        /// nil: the start, the end, or where branches come together.
        let state: String?
        let kind: Kind
        /// In points.
        let width: Int
        let height: Int
    }

    enum Kind: String, Sendable {
        case start, end, join
        case pass, task, choice, wait, succeed, fail, parallel, map
    }

    struct Edge: Sendable {
        enum Kind: String, Sendable {
            case next, choice, otherwise, caught, inner
        }
        let id: Int
        let from: Int
        let to: Int
        let kind: Kind
    }

    /// What one arrow says.
    private struct Line: Hashable {
        let from: Int
        let to: Int
        let kind: Edge.Kind
    }

    /// What stands inside a Parallel or Map: the state's own box on top, then its branches.
    struct Cluster: Sendable {
        let id: Int
        /// The cluster around it.
        let parent: Int?
        let state: String
        var nodes: [Int] = []
    }

    private(set) var nodes: [Node] = []
    private(set) var edges: [Edge] = []
    private var drawn: Set<Line> = []
    private(set) var clusters: [Cluster] = []
    /// Where a state is entered, and where it is left: they differ where branches come together again.
    private var doors: [String: (entry: Int, exit: Int)] = [:]

    init(_ machine: StateMachine) {
        let start = addNode(nil, .start, in: nil)
        let end = addNode(nil, .end, in: nil)
        addStates(of: machine.scope, in: nil)
        connect(machine.scope, end: end)
        connect(start, to: machine.scope.startAt, .next)
    }

    private mutating func addStates(of scope: StateScope, in cluster: Int?) {
        for state in scope.states {
            let scopes = state.kind.scopes
            guard !scopes.isEmpty else {
                let node = addNode(state.name, state.graphKind, in: cluster)
                doors[state.name] = (node, node)
                continue
            }
            let inner = clusters.count
            clusters.append(Cluster(id: inner, parent: cluster, state: state.name))
            let head = addNode(state.name, state.graphKind, in: inner)
            for scope in scopes { addStates(of: scope, in: inner) }
            doors[state.name] = (head, addNode(nil, .join, in: inner))
        }
    }

    private mutating func connect(_ scope: StateScope, end: Int) {
        for state in scope.states {
            guard let door = doors[state.name] else { continue }
            for scope in state.kind.scopes {
                connect(door.entry, to: scope.startAt, .inner)
                connect(scope, end: door.exit)
            }
            switch state.transition {
            case .next(let next): connect(door.exit, to: next, .next)
            case .end: edges.append(Edge(id: edges.count, from: door.exit, to: end, kind: .next))
            case nil:
                if case .succeed = state.kind {
                    edges.append(Edge(id: edges.count, from: door.exit, to: end, kind: .next))
                }
            }
            if case .choice(let choice) = state.kind {
                for rule in choice.rules { connect(door.exit, to: rule.next, .choice) }
                if let next = choice.defaultNext { connect(door.exit, to: next, .otherwise) }
            }
            for catcher in state.catchers { connect(door.entry, to: catcher.next, .caught) }
        }
    }

    private mutating func addNode(_ state: String?, _ kind: Kind, in cluster: Int?) -> Int {
        let (width, height): (Int, Int) =
            switch kind {
            case .start, .end: (26, 26)
            case .join: (8, 8)
            default: (min(max((state ?? "").displayWidth * 8 + 44, 110), 250), 46)
            }
        let node = Node(id: nodes.count, state: state, kind: kind, width: width, height: height)
        nodes.append(node)
        if let cluster { clusters[cluster].nodes.append(node.id) }
        return node.id
    }

    private mutating func connect(_ from: Int, to state: String, _ kind: Edge.Kind) {
        guard let door = doors[state] else { return }
        // Several rules may lead to the same state: one arrow shows it.
        guard drawn.insert(Line(from: from, to: door.entry, kind: kind)).inserted else { return }
        edges.append(Edge(id: edges.count, from: from, to: door.entry, kind: kind))
    }

    /// The graph for `dot`. It has numbers only: what people have written does not get there.
    var source: String {
        var text = "digraph{graph[nodesep=0.35,ranksep=0.42];node[shape=box,fixedsize=true,label=\"\"];\n"
        func size(_ points: Int) -> String { "\(points / 72).\(String(1000 + points % 72 * 1000 / 72).dropFirst())" }
        func define(_ node: Node) {
            text += "n\(node.id)[width=\(size(node.width)),height=\(size(node.height))];"
        }
        let inside = Set(clusters.flatMap(\.nodes))
        for node in nodes where !inside.contains(node.id) { define(node) }
        func define(_ cluster: Cluster) {
            text += "subgraph cluster_\(cluster.id){margin=14;"
            for node in cluster.nodes { define(nodes[node]) }
            for inner in clusters where inner.parent == cluster.id { define(inner) }
            text += "}\n"
        }
        for cluster in clusters where cluster.parent == nil { define(cluster) }
        for edge in edges { text += "n\(edge.from)->n\(edge.to)[id=\(edge.id)];" }
        return text + "}\n"
    }
}

extension State {
    var graphKind: MachineGraph.Kind {
        switch kind {
        case .pass: .pass
        case .task: .task
        case .choice: .choice
        case .wait: .wait
        case .succeed: .succeed
        case .fail: .fail
        case .parallel: .parallel
        case .map: .map
        }
    }
}
