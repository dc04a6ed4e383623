import Interpreter
import Items
import JSON
import StatesLanguage

/// Map runs of the simulator: children are executions of their own, started as far as `MaxConcurrency` allows.
extension Simulator {
    private final class Run {
        let request: MapRun
        let children: [ItemBatches.Child]
        var next = 0
        var running = 0
        var failed = 0
        var outputs: [Int: JSONDocument] = [:]

        init(_ request: MapRun, children: [ItemBatches.Child]) {
            self.request = request
            self.children = children
        }
    }

    func runMap(in execution: Execution, row id: Int) {
        guard let branch = execution.rows[id]?.branch, let document = branch.taskInput, let request = MapRun(document),
            case .map(let map) = execution.machine.definition.states[branch.state]?.kind,
            let distributed = map.distributed
        else { return }
        do {
            let run = Run(request, children: try children(of: request, map: distributed, branch, execution))
            startChildren(of: run, map: (map.processor.startAt, distributed), in: execution, row: id)
        } catch let failure as MapRunFailure {
            schedule(.failed(error: failure.error, cause: failure.cause), at: now, in: execution, row: id)
        } catch {
            schedule(.failed(error: "States.ItemReaderFailed", cause: "\(error)"), at: now, in: execution, row: id)
        }
    }

    private func children(
        of run: MapRun,
        map: DistributedMap,
        _ branch: Branch,
        _ execution: Execution
    ) throws -> [ItemBatches.Child] {
        let items = try items(of: run, map: map, branch, execution).prefix(run.maxItems ?? .max)
        let selected = try execution.interpreter.selectItems(Array(items), of: branch, random: &random).get()
        var batches = ItemBatches(run, payloadBytes: limits.payloadBytes)
        var children = selected.compactMap { batches.add($0) }
        if let last = batches.finish() { children.append(last) }
        return children
    }

    private func items(
        of run: MapRun,
        map: DistributedMap,
        _ branch: Branch,
        _ execution: Execution
    ) throws -> [MapItem] {
        guard let reader = map.reader else {
            return try execution.interpreter.items(of: branch).get().enumerated()
                .map { MapItem(index: $0, value: JSONDocument($1.value), key: $1.key, source: "STATE_DATA") }
        }
        guard case .object(let format) = reader.source,
            var parser = try format.parser(maximumItemBytes: limits.payloadBytes)
        else { throw ItemError("the simulation reads objects only") }
        let bucket = run.readerParameters?["Bucket"]?.string ?? ""
        let key = run.readerParameters?["Key"]?.string ?? ""
        guard let object = objects["\(bucket)/\(key)"] else { throw ItemError("The specified key does not exist.") }
        var items: [ParsedItem] = []
        try parser.feed(object.utf8, into: &items)
        try parser.finish(into: &items)
        return items.enumerated()
            .map { MapItem(index: $0, value: $1.value, key: $1.key, source: "S3://\(bucket)/\(key)") }
    }

    private func startChildren(
        of run: Run,
        map: (startAt: String, distributed: DistributedMap),
        in execution: Execution,
        row id: Int
    ) {
        while run.failed == 0, run.next < run.children.count, run.running < run.request.maxConcurrency ?? .max {
            let index = run.next
            run.next += 1
            run.running += 1
            var machine = execution.machine
            machine.arn += "/\(map.distributed.label)"
            machine.name += "/\(map.distributed.label)"
            let child = start(machine, name: "child-\(index)", input: run.children[index].input, startAt: map.startAt)
            child.onEnd = { [unowned self] end in
                run.running -= 1
                switch end {
                case .succeeded(let output): run.outputs[index] = output
                case .failed, .timedOut: run.failed += 1
                }
                startChildren(of: run, map: map, in: execution, row: id)
            }
        }
        guard run.running == 0, run.failed > 0 || run.next == run.children.count else { return }
        schedule(outcome(of: run, map.distributed), at: now, in: execution, row: id)
    }

    private func outcome(of run: Run, _ map: DistributedMap) -> Outcome {
        guard run.failed == 0 else {
            let failure = MapRunFailure.tooManyFailures
            return .failed(error: failure.error, cause: failure.cause)
        }
        if let writer = run.request.writerParameters {
            let key = "\(writer["Prefix"]?.string ?? "")/\(run.request.id)/manifest.json"
            let bucket = writer["Bucket"] ?? .null
            let manifest: JSONValue = [
                "MapRunArn": .string(run.request.arn),
                "ResultWriterDetails": ["Bucket": bucket, "Key": .string(key)],
            ]
            return .succeeded(JSONDocument(manifest))
        }
        let outputs = run.outputs.sorted { $0.key < $1.key }.map(\.value.compactText)
        return .succeeded(JSONDocument(trusted: "[" + outputs.joined(separator: ",") + "]"))
    }
}
