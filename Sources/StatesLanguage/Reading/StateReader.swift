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
    /// The language of the state's own expressions.
    let language: QueryLanguage
    /// How many Parallel and Map states are around it.
    let depth: Int

    var findings: Findings { fields.findings }

    init(name: String, fields: FieldReader, reading: Reading, depth: Int) {
        self.name = name
        self.fields = fields
        self.reading = reading
        self.depth = depth
        language = fields.queryLanguage(inherited: reading.language)
    }

    func read() -> State? {
        fields.require("Type")
        checkLanguage()
        guard let type = fields.oneOf("Type", StateType.allCases.map(\.rawValue)).flatMap(StateType.init) else {
            return nil
        }
        fields.rejectOthers(than: type.fields, language: language)
        let transition = type.hasTransition ? readTransition() : nil
        let retriers = readRetriers()
        let catchers = readCatchers()
        let data = readDataFlow(of: type)
        guard let kind = readKind(type) else { return nil }
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

    private func checkLanguage() {
        guard language == .jsonPath, reading.language == .jsonata else { return }
        findings.error(
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            at: fields.place,
            exactly: fields.place.field("QueryLanguage")
        )
    }

    private func readTransition() -> Transition? {
        let end = fields.boolean("End")
        if end == true, fields.has("Next") {
            _ = fields.exactlyOne(of: ["Next", "End"])
            return nil
        }
        if end == true { return .end }
        if !fields.has("Next"), end != nil || !fields.has("End") {
            findings.error("This object should have only one of the following fields: [Next, End]", at: fields.place)
        }
        return fields.string("Next").map(Transition.next)
    }

    private func readDataFlow(of type: StateType) -> DataFlow {
        let allowed = type.fields.allowed(in: language)
        func has(_ name: String) -> Bool { allowed.contains(name) }
        // A Map's Parameters are its older ItemSelector.
        let parameters = ["Arguments"] + (type == .map ? [] : ["Parameters"])
        return DataFlow(
            inputPath: has("InputPath") ? fields.pathOrNothing("InputPath") : .whole,
            parameters: parameters.first(where: has).flatMap { fields.template($0, in: language) },
            resultSelector: has("ResultSelector") ? fields.template("ResultSelector") : nil,
            resultPath: has("ResultPath") ? fields.resultPath("ResultPath") : .replace,
            outputPath: has("OutputPath") ? fields.pathOrNothing("OutputPath") : .whole,
            output: has("Output") ? fields.jsonataTemplate("Output") : nil,
            assign: has("Assign") ? fields.assignments(in: language) : nil
        )
    }

    private func readPass() -> State.Kind {
        fields.warnOfStaticResult()
        return .pass(PassState(result: language == .jsonPath ? fields["Result"] : nil))
    }
}
