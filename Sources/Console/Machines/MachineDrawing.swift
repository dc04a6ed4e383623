import StatesLanguage

/// The states of a machine: its graph, or where there is none to be had, a list.
struct MachineDrawing {
    struct Line {
        let address: String
        let name: String
        let kind: String
        let tone: String
        let note: String?
        let depth: String
    }

    let picture: GraphPicture?
    let list: [Line]?

    /// - Parameters:
    ///   - address: where a click on a state leads.
    ///   - look: the colour of a state, and what is to be said about it; nil: only what kind of state it is.
    static func of(
        _ machine: StateMachine,
        _ visit: Visit,
        address: String,
        look: (String) -> (tone: String, note: String)?
    ) async -> MachineDrawing {
        let texts = visit.texts
        if machine.states.count <= LayoutEngine.mostNodes, let (graph, layout) = await layOut(machine, visit) {
            let picture = GraphPicture(
                graph,
                layout,
                chosen: nil,
                look: { look($0) ?? ("plain", texts("kind.\($1.rawValue)")) },
                address: { _ in address }
            )
            return MachineDrawing(picture: picture, list: nil)
        }
        let lines = StateList(machine).lines.prefix(1000)
            .map { line in
                let look = look(line.name)
                return Line(
                    address: address,
                    name: line.name,
                    kind: texts("kind.\(line.kind.rawValue)"),
                    tone: look?.tone ?? "plain",
                    note: look?.note,
                    depth: "depth-\(min(line.depth, 8))"
                )
            }
        return MachineDrawing(picture: nil, list: Array(lines))
    }

    private static func layOut(_ machine: StateMachine, _ visit: Visit) async -> (MachineGraph, GraphLayout)? {
        let graph = MachineGraph(machine)
        return await visit.console.layouts.layout(of: graph).map { (graph, $0) }
    }
}
