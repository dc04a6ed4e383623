import Expressions

extension State {
    /// Whether an expression of the state itself, not of the states inside it, reads the execution's input.
    var readsExecutionInput: Bool {
        data.readsExecutionInput || kind.readsExecutionInput
            || catchers.contains { $0.assign?.readsExecutionInput == true || $0.output?.readsContext == true }
    }
}

extension DataFlow {
    fileprivate var readsExecutionInput: Bool {
        for template in [parameters, assign] where template?.readsExecutionInput == true { return true }
        if resultSelector?.readsExecutionInput == true || output?.readsContext == true { return true }
        return [inputPath, outputPath]
            .contains { path in
                guard case .path(let path) = path else { return false }
                return path.readsExecutionInput
            }
    }
}

extension State.Kind {
    fileprivate var readsExecutionInput: Bool {
        switch self {
        case .pass, .succeed, .parallel: false
        case .task(let task):
            task.timeout.readsExecutionInput || task.heartbeat.readsExecutionInput
                || task.credentials?.readsExecutionInput == true
        case .choice(let choice):
            choice.rules.contains {
                $0.condition.readsExecutionInput || $0.assign?.readsExecutionInput == true
                    || $0.output?.readsContext == true
            }
        case .wait(let wait):
            switch wait {
            case .secondsPath(let path), .timestampPath(let path): path.readsExecutionInput
            case .secondsExpression(let field), .timestampExpression(let field): field.readsContext
            case .seconds, .timestamp: false
            }
        case .fail(let fail): fail.error.readsExecutionInput || fail.cause.readsExecutionInput
        case .map(let map):
            map.itemsPath?.readsExecutionInput == true || map.itemSelector?.readsExecutionInput == true
                || map.items?.readsContext == true || IntegerField?.some(map.maxConcurrency).readsExecutionInput
                || map.distributed?.readsExecutionInput == true
        }
    }
}

extension DistributedMap {
    fileprivate var readsExecutionInput: Bool {
        let templates = [reader?.parameters, batcher?.input, writer?.parameters]
        let limits = [reader?.maxItems, batcher?.maxItems, batcher?.maxBytes]
        return templates.contains { $0?.readsExecutionInput == true } || limits.contains(where: \.readsExecutionInput)
            || toleratedFailureCount.readsExecutionInput
            || toleratedFailurePercentage?.readsExecutionInput == true
    }
}

extension NumberField {
    fileprivate var readsExecutionInput: Bool {
        switch self {
        case .path(let path): path.readsExecutionInput
        case .jsonata(let field): field.readsContext
        case .constant: false
        }
    }
}

extension IntegerField? {
    fileprivate var readsExecutionInput: Bool {
        switch self {
        case .path(let path): path.readsExecutionInput
        case .jsonata(let field): field.readsContext
        case nil, .constant: false
        }
    }
}

extension StringField? {
    fileprivate var readsExecutionInput: Bool {
        switch self {
        case .expression(let expression): expression.readsExecutionInput
        case .jsonata(let field): field.readsContext
        case nil, .constant: false
        }
    }
}

extension ChoiceCondition {
    fileprivate var readsExecutionInput: Bool {
        switch self {
        case .and(let conditions), .or(let conditions): conditions.contains(where: \.readsExecutionInput)
        case .not(let condition): condition.readsExecutionInput
        case .comparison(let variable, let comparison):
            variable.readsExecutionInput || comparison.otherSide?.readsExecutionInput == true
        case .constant: false
        case .jsonata(let field): field.readsContext
        }
    }
}

extension ChoiceComparison {
    /// The path of a comparison with another value.
    var otherSide: Path? {
        switch self {
        case .string(_, .path(let path)), .numeric(_, .path(let path)), .timestamp(_, .path(let path)),
            .boolean(.path(let path)):
            path
        default: nil
        }
    }
}
