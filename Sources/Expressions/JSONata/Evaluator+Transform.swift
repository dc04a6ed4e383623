/// Transformations: a copy of a value with some of its objects changed.
extension Evaluator {
    func transform(_ value: Value, _ transform: Transform, _ frame: Frame) throws(JSONataError) -> Value {
        switch value {
        case .undefined: return .undefined
        case .object, .list: break
        default:
            throw JSONataError(
                code: "T0410",
                reason: "Argument 1 of function \"transform\" does not match function signature",
                position: transform.position
            )
        }
        let result = try copy(value)
        for match in try evaluate(transform.pattern, result, frame).elements {
            let update = try evaluate(transform.update, match, frame)
            switch update {
            case .undefined: break
            case .object(let members):
                guard case .object(let object) = match else { break }
                for (key, member) in members.members {
                    let value = try copy(member)
                    object[key] = value
                }
                try allocate(members.count * 128)
                try checkNesting(object.nesting)
            default:
                throw JSONataError(
                    code: "T2011",
                    reason:
                        "The insert/update clause of the transform expression must evaluate to an object: \(update.quoted)",
                    position: transform.position
                )
            }
            if let delete = transform.delete { try remove(delete, from: match, transform, frame) }
        }
        return result
    }

    private func remove(
        _ delete: Node,
        from match: Value,
        _ transform: Transform,
        _ frame: Frame
    ) throws(JSONataError) {
        for key in try evaluate(delete, match, frame).elements {
            guard case .string(let name) = key else {
                throw JSONataError(
                    code: "T2012",
                    reason:
                        "The delete clause of the transform expression must evaluate to a string or array of strings:"
                        + " \(key.quoted)",
                    position: transform.position
                )
            }
            if case .object(let object) = match {
                try step(object.count / 4)
                object[name] = .undefined
            }
        }
    }

    /// A copy that shares no object with the original.
    func copy(_ value: Value, depth: Int = 0) throws(JSONataError) -> Value {
        try step()
        try checkNesting(depth)
        try enter()
        defer { leave() }
        switch value {
        case .list(let list):
            var items: [Value] = []
            items.reserveCapacity(list.count)
            for item in list.items { items.append(try copy(item, depth: depth + 1)) }
            return try self.list(items, list.traits.subtracting([.wrapper, .tuples]))
        case .object(let object):
            try allocate(Cost.object(object.count))
            let result = Object(capacity: object.count)
            for (key, member) in object.members {
                let value = try copy(member, depth: depth + 1)
                result[key] = value
            }
            return .object(result)
        default: return value
        }
    }
}
