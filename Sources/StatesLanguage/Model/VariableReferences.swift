import Expressions

extension StateMachine {
    /// The variables that the states read, as `DescribeStateMachine` lists them: by state, in the order of the alphabet.
    /// States that read none are left out.
    package var variableReferences: [String: [String]] {
        states.compactMapValues { state in
            let names = state.variableNames
            return names.isEmpty ? nil : names.sorted()
        }
    }
}

extension State {
    /// The variables that expressions of the state itself read.
    fileprivate var variableNames: Set<String> {
        var names = data.variableNames.union(kind.variableNames)
        for catcher in catchers {
            names.formUnion(catcher.assign?.variableNames ?? [])
            names.formUnion(catcher.output?.variableNames ?? [])
        }
        return names
    }
}

extension DataFlow {
    fileprivate var variableNames: Set<String> {
        var names: Set<String> = []
        for template in [parameters, assign] { names.formUnion(template?.variableNames ?? []) }
        names.formUnion(resultSelector?.variableNames ?? [])
        names.formUnion(output?.variableNames ?? [])
        for case .path(let path) in [inputPath, outputPath] { names.formUnion(path.variableNames) }
        return names
    }
}

extension State.Kind {
    fileprivate var variableNames: Set<String> {
        switch self {
        case .pass, .succeed, .parallel: []
        case .task(let task):
            task.timeout.variableNames.union(task.heartbeat.variableNames).union(task.credentials?.variableNames ?? [])
        case .choice(let choice):
            choice.rules.reduce(into: []) { names, rule in
                names.formUnion(rule.condition.variableNames)
                names.formUnion(rule.assign?.variableNames ?? [])
                names.formUnion(rule.output?.variableNames ?? [])
            }
        case .wait(let wait):
            switch wait {
            case .secondsPath(let path), .timestampPath(let path): path.variableNames
            case .secondsExpression(let field), .timestampExpression(let field): field.variableNames
            case .seconds, .timestamp: []
            }
        case .fail(let fail): fail.error.variableNames.union(fail.cause.variableNames)
        case .map(let map):
            (map.itemsPath?.variableNames ?? []).union(map.items?.variableNames ?? [])
                .union(map.itemSelector?.variableNames ?? [])
                .union(IntegerField?.some(map.maxConcurrency).variableNames)
                .union(map.distributed?.variableNames ?? [])
        }
    }
}

extension DistributedMap {
    fileprivate var variableNames: Set<String> {
        var names = toleratedFailureCount.variableNames.union(toleratedFailurePercentage.variableNames)
        for field in [reader?.maxItems, batcher?.maxItems, batcher?.maxBytes] { names.formUnion(field.variableNames) }
        for template in [reader?.parameters, batcher?.input, writer?.parameters] {
            names.formUnion(template?.variableNames ?? [])
        }
        return names
    }
}

extension NumberField? {
    fileprivate var variableNames: Set<String> {
        switch self {
        case .path(let path): path.variableNames
        case .jsonata(let field): field.variableNames
        case nil, .constant: []
        }
    }
}

extension IntegerField? {
    fileprivate var variableNames: Set<String> {
        switch self {
        case .path(let path): path.variableNames
        case .jsonata(let field): field.variableNames
        case nil, .constant: []
        }
    }
}

extension StringField? {
    fileprivate var variableNames: Set<String> {
        switch self {
        case .expression(let expression): expression.variableNames
        case .jsonata(let field): field.variableNames
        case nil, .constant: []
        }
    }
}

extension ChoiceCondition {
    fileprivate var variableNames: Set<String> {
        switch self {
        case .and(let conditions), .or(let conditions): Set(conditions.flatMap(\.variableNames))
        case .not(let condition): condition.variableNames
        case .comparison(let variable, let comparison):
            variable.variableNames.union(comparison.otherSide?.variableNames ?? [])
        case .constant: []
        case .jsonata(let field): field.variableNames
        }
    }
}
