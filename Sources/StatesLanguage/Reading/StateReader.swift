import JSON

enum StateType: String, CaseIterable {
    // In the order in which AWS lists them.
    case task = "Task"
    case wait = "Wait"
    case pass = "Pass"
    case succeed = "Succeed"
    case fail = "Fail"
    case choice = "Choice"
    case parallel = "Parallel"
    case map = "Map"

    var fields: StateFields {
        switch self {
        case .task: .task
        case .wait: .wait
        case .pass: .pass
        case .succeed: .succeed
        case .fail: .fail
        case .choice: .choice
        case .parallel: .parallel
        case .map: .map
        }
    }

    var hasTransition: Bool {
        switch self {
        case .task, .wait, .pass, .parallel, .map: true
        case .succeed, .fail, .choice: false
        }
    }
}

/// Reads one state. Each type's own fields are read in a file of their own.
struct StateReader {
    let name: String
    let fields: FieldReader
    let reading: Reading
    /// How many Parallel and Map states are around it.
    let depth: Int

    var findings: Findings { fields.findings }

    func read() -> State? {
        fields.require("Type")
        let language = readLanguage()
        guard let type = fields.oneOf("Type", StateType.allCases.map(\.rawValue)).flatMap(StateType.init) else {
            return nil
        }
        fields.rejectOthers(than: type.fields, language: language)
        let transition = type.hasTransition ? readTransition() : nil
        let retriers = readRetriers()
        let catchers = readCatchers(language: language)
        let data = language == .jsonPath ? readDataFlow(of: type) : DataFlow()
        let kind = language == .jsonPath ? readKind(type) : readJSONataKind(type)
        guard let kind else { return nil }
        return State(
            name: name,
            comment: fields.string("Comment"),
            queryLanguage: language,
            kind: kind,
            transition: transition,
            data: data,
            retriers: retriers,
            catchers: catchers
        )
    }

    private func readKind(_ type: StateType) -> State.Kind? {
        switch type {
        case .pass: readPass()
        case .task: readTask()
        case .choice: readChoice()
        case .wait: readWait()
        case .succeed: .succeed
        case .fail: readFail()
        case .parallel: readParallel()
        case .map: readMap()
        }
    }

    private func readLanguage() -> QueryLanguage {
        let language = fields.queryLanguage(inherited: reading.language)
        guard language != reading.language else { return language }
        let place = fields.place.field("QueryLanguage")
        if language == .jsonPath {
            findings.error(
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                at: fields.place,
                exactly: place
            )
        } else {
            findings.obstacle("JSONata is not supported yet: write the state in JSONPath", at: place)
        }
        return language
    }

    private func readTransition() -> Transition? {
        let end = fields.boolean("End")
        if end == true, fields.has("Next") {
            _ = fields.exactlyOne(of: ["Next", "End"])
            return nil
        }
        if end == true { return .end }
        if !fields.has("Next"), end != nil || !fields.has("End") {
            findings.error("Exactly one of these fields is required: [Next, End]", at: fields.place)
        }
        return fields.string("Next").map(Transition.next)
    }

    private func readDataFlow(of type: StateType) -> DataFlow {
        let allowed = type.fields.allowed(in: .jsonPath)
        func has(_ name: String) -> Bool { allowed.contains(name) }
        return DataFlow(
            inputPath: has("InputPath") ? fields.pathOrNothing("InputPath") : .whole,
            // A Map's Parameters are its older ItemSelector.
            parameters: has("Parameters") && type != .map ? fields.template("Parameters") : nil,
            resultSelector: has("ResultSelector") ? fields.template("ResultSelector") : nil,
            resultPath: has("ResultPath") ? fields.resultPath("ResultPath") : .replace,
            outputPath: has("OutputPath") ? fields.pathOrNothing("OutputPath") : .whole,
            assign: has("Assign") ? fields.assignments() : nil
        )
    }

    private func readPass() -> State.Kind {
        fields.warnOfStaticResult()
        return .pass(PassState(result: fields["Result"]))
    }
}
