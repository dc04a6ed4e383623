import Expressions
import JSON

/// Parallel and Map: states with states inside.
extension StateReader {
    func readParallel() -> State.Kind? {
        readBranches().map { .parallel(ParallelState(branches: $0)) }
    }

    func readBranches() -> [StateScope]? {
        fields.require("Branches")
        return fields.nestedNonEmptyList("Branches")?
            .compactMap { branch in
                branch.rejectOthers(than: .branch)
                _ = branch.string("Comment")
                return ScopeReader(fields: branch, reading: reading, depth: depth + 1).read()
            }
    }

    func readMap() -> State.Kind? {
        let itemsPath = language == .jsonPath ? fields.path("ItemsPath") : nil
        let items = language == .jsonata ? readItems() : nil
        let selector = fields.atMostOne(of: language == .jsonPath ? ["ItemSelector", "Parameters"] : ["ItemSelector"])
            .flatMap { fields.template($0, in: language) }
        let range = 0...MachineReader.largestCount
        let concurrency =
            language == .jsonPath
            ? fields.integerOrPath("MaxConcurrency", in: range, mayReadContext: false)
            : fields.integerOrJSONata("MaxConcurrency", in: range)
        let processor = readProcessor()
        let distributed = readDistributed(processor?.mode ?? .inline)
        guard let processor else { return nil }
        return .map(
            MapState(
                processor: processor.scope,
                itemsPath: itemsPath,
                items: items,
                itemSelector: selector,
                maxConcurrency: concurrency ?? .constant(0),
                distributed: distributed
            )
        )
    }

    /// `ItemProcessor`, or `Iterator`, its older name.
    func readProcessor() -> (scope: StateScope, mode: ProcessorMode)? {
        guard let name = fields.exactlyOne(of: ["ItemProcessor", "Iterator"]),
            let processor = fields.nested(name)
        else { return nil }
        processor.rejectOthers(than: .itemProcessor)
        _ = processor.string("Comment")
        let mode = readMode(processor)
        let scope = ScopeReader(fields: processor, reading: reading, depth: depth + 1).read()
        return scope.map { ($0, mode) }
    }

    private func readMode(_ processor: FieldReader) -> ProcessorMode {
        guard let config = processor.nested("ProcessorConfig") else { return .inline }
        config.rejectOthers(than: .processorConfig)
        let mode = config.oneOf("Mode", ["INLINE", "DISTRIBUTED"])
        let type = config.oneOf("ExecutionType", ["STANDARD", "EXPRESS"])
        guard mode == "DISTRIBUTED" else {
            if type != nil {
                findings.error(
                    "Field 'ExecutionType' is not supported",
                    at: config.place,
                    exactly: config.place.field("ExecutionType"),
                    hint: "only a Map whose Mode is DISTRIBUTED has it"
                )
            }
            return .inline
        }
        config.require("ExecutionType")
        if reading.machineType == .express {
            findings.error(
                "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
                at: config.place.field("Mode")
            )
        }
        return type == "EXPRESS" ? .distributedExpress : .distributed
    }

    /// `Items`: an array, whose elements may be expressions, or one expression.
    private func readItems() -> JSONataTemplate? {
        guard let items = fields["Items"] else { return nil }
        guard items.array != nil || items.object != nil || fields.isJSONata("Items") else {
            return fields.wrongType("Items", "Array")
        }
        return fields.jsonataTemplate("Items")
    }
}

/// `ProcessorConfig` of a Map.
enum ProcessorMode {
    case inline, distributed, distributedExpress
}
