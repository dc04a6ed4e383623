import Foundation
import Signing
import Subprocess
import SystemPackage

/// Has graphs laid out by Graphviz's `dot`, each of them once.
actor LayoutEngine {
    /// A graph of more states than this is shown as a list: nobody can read it as a picture.
    static let mostNodes = 400
    private static let mostEdges = 2000

    private static let patience: Duration = .seconds(10)
    private static let mostOutput = 8 << 20
    private static let capacity = 500
    /// Processes at once.
    private static let most = 2

    private var layouts: [[UInt8]: GraphLayout] = [:]
    private var running: [[UInt8]: Task<GraphLayout?, Never>] = [:]

    /// - Returns: nil where `dot` is not installed, or the graph is too much for it.
    func layout(of graph: MachineGraph) async -> GraphLayout? {
        guard graph.nodes.count <= Self.mostNodes, graph.edges.count <= Self.mostEdges else { return nil }
        let source = graph.source
        let key = SHA256.digest(source.utf8)
        if let layout = layouts[key] { return layout }
        if let task = running[key] { return await task.value }
        guard running.count < Self.most else { return nil }
        let task = Task { await Self.run(source) }
        running[key] = task
        let layout = await task.value
        running[key] = nil
        if let layout {
            if layouts.count >= Self.capacity { layouts.removeAll() }
            layouts[key] = layout
        }
        return layout
    }

    /// One process, which may take so much time and memory, and is killed if it takes more.
    private static func run(_ source: String) async -> GraphLayout? {
        await withTaskGroup(of: GraphLayout?.self) { group in
            group.addTask {
                let result = try? await Subprocess.run(
                    .path("/bin/sh"),
                    arguments: ["-c", "ulimit -t 10 -v 1048576; exec dot -Tjson0"],
                    environment: .custom(["PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C"]),
                    input: .string(source),
                    output: .bytes(limit: mostOutput),
                    error: .discarded
                )
                guard let result, result.terminationStatus.isSuccess else { return nil }
                return GraphLayout(result.standardOutput)
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return nil
            }
            let layout = await group.next() ?? nil
            group.cancelAll()
            return layout
        }
    }
}
