import StatesLanguage
import Testing

@testable import Console

@Suite("Graphs")
struct GraphTests {
    private static let definition = #"""
        {"StartAt": "a\"];}node[label=<b>", "States": {
          "a\"];}node[label=<b>": {"Type": "Map", "Next": "Done", "ItemProcessor": {
            "StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": true}}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]},
          "Done": {"Type": "Succeed"}}}
        """#

    private func graph() throws -> MachineGraph {
        MachineGraph(try #require(Definition(parsing: Self.definition).machine))
    }

    @Test("what people have written does not get into the program that lays graphs out")
    func source() throws {
        let source = try graph().source
        #expect(source.replacing("->", with: "").allSatisfy { !"<>\\".contains($0) })
        #expect(!source.contains("Pack"))
    }

    @Test("every state has a place, and every way from one to another")
    func layout() async throws {
        let graph = try graph()
        let layout = try #require(await LayoutEngine().layout(of: graph))
        #expect(layout.nodes.count == graph.nodes.count)
        #expect(layout.edges.count == graph.edges.count)
        #expect(layout.clusters.count == 1)
        for place in layout.nodes.values {
            #expect(place.x >= 0 && place.x <= layout.width && place.y >= 0 && place.y <= layout.height)
        }
        #expect(graph.edges.count { $0.kind == .caught } == 1)
        let renderer = try Renderer(assets: Assets())
        let picture = GraphPicture(
            graph,
            layout,
            chosen: nil,
            look: { _, _ in ("plain", "note") },
            address: { "#\($0)" }
        )
        let html = renderer.piece("graph", picture, renderer.texts(.english))
        #expect(html.contains("data-state=\"a&quot;];}node[label=&lt;b&gt;\""))
        #expect(!html.contains("<b>"))
    }

    @Test("what is no layout is none", arguments: ["", "{}", #"{"bb": "0,0,1"}"#, #"{"bb": "0,0,x,nan"}"#])
    func nonsense(output: String) {
        #expect(GraphLayout(Array(output.utf8)) == nil)
    }
}
