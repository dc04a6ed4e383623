import JSON

/// Compares what the engine answers with what was recorded, placeholders and ignored paths taken into account.
struct ConformanceComparison {
    /// `$..events[2].previousEventId` and the like.
    var notCompared: [String]

    private enum Key: Equatable {
        case name(String)
        case index(Int)
    }

    /// The first difference, as a sentence; nil when there is none.
    func difference(_ ours: JSONValue, _ recorded: JSONValue, at key: String) -> String? {
        difference(ours, recorded, path: [.name(key)])
    }

    /// The first difference between two histories. Events whose number was not recorded (`[0]`) come from concurrent
    /// branches: they are compared as a set.
    func difference(ofEvents ours: [JSONValue], _ recorded: [JSONValue], at key: String) -> String? {
        let prefix: [Key] = [.name(key), .name("events")]
        let numbered = recorded.filter { $0["id"]?.number != nil }
        for (place, event) in recorded.enumerated() {
            guard let id = event["id"]?.number?.integer else { continue }
            guard let own = ours.first(where: { $0["id"]?.number?.integer == id }) else { return "no event \(id)" }
            if let difference = difference(own, event, path: prefix + [.index(place)]) { return difference }
        }
        guard numbered.count < recorded.count else {
            return ours.count == recorded.count ? nil : "\(ours.count) events instead of \(recorded.count)"
        }
        let numbers = Set(numbered.compactMap { $0["id"]?.number?.integer })
        var rest = ours.filter { event in
            guard let id = event["id"]?.number?.integer, let type = event["type"]?.string else { return false }
            // The recordings leave the closing event of a Parallel out.
            return !numbers.contains(id) && type != "ParallelStateSucceeded" && type != "ParallelStateFailed"
        }
        for event in recorded where event["id"]?.number == nil {
            let place = rest.firstIndex { candidate in
                difference(withoutNumbers(candidate), withoutNumbers(event), path: prefix) == nil
            }
            guard let place else { return "no event like \(event.text)" }
            rest.remove(at: place)
        }
        return rest.isEmpty ? nil : "too many events: \(rest.map(\.text))"
    }

    private func withoutNumbers(_ event: JSONValue) -> JSONValue {
        guard case .object(var members) = event else { return event }
        members["id"] = nil
        members["previousEventId"] = nil
        return .object(members)
    }

    private func difference(_ ours: JSONValue, _ recorded: JSONValue, path: [Key]) -> String? {
        if isIgnored(path) { return nil }
        switch (ours, recorded) {
        case (.string(let text), .object), (.string(let text), .array):
            return differenceOfParsed(text, recorded, path: path)
        case (.string(let own), .string(let text)):
            return Placeholders.matches(own, text) ? nil : "\(describe(path)): \(own) instead of \(text)"
        case (.number, .string(let text)), (.object, .string(let text)), (.array, .string(let text)):
            return Placeholders.matches("", text) ? nil : "\(describe(path)): \(ours.text) instead of \(text)"
        case (.object(let own), .object(let expected)):
            for (key, value) in expected {
                let inner = path + [.name(key)]
                if isIgnored(inner) { continue }
                guard let member = own[key] else { return "\(describe(inner)): missing, \(value.text) recorded" }
                if let difference = difference(member, value, path: inner) { return difference }
            }
            for (key, value) in own where expected[key] == nil && !isIgnored(path + [.name(key)]) {
                return "\(describe(path + [.name(key)])): \(value.text) was not recorded"
            }
            return nil
        case (.array(let own), .array(let expected)):
            guard own.count == expected.count else {
                return "\(describe(path)): \(ours.text) instead of \(recorded.text)"
            }
            for (index, (member, value)) in zip(own, expected).enumerated() {
                if let difference = difference(member, value, path: path + [.index(index)]) { return difference }
            }
            return nil
        default: return ours == recorded ? nil : "\(describe(path)): \(ours.text) instead of \(recorded.text)"
        }
    }

    /// A payload that is an object is recorded parsed.
    private func differenceOfParsed(_ text: String, _ recorded: JSONValue, path: [Key]) -> String? {
        guard let value = try? JSONValue(parsing: text) else {
            return "\(describe(path)): \(text) instead of \(recorded.text)"
        }
        return difference(value, recorded, path: path)
    }

    private func isIgnored(_ path: [Key]) -> Bool {
        notCompared.contains { pattern in
            pattern != "$" && Self.matches(Array(pattern.utf8.dropFirst())[...], path[...])
        }
    }

    /// Whether a pattern such as `..events[8].previousEventId` names the last key of a path.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ path: ArraySlice<Key>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if pattern.starts(with: [UInt8(ascii: "."), UInt8(ascii: ".")]) {
            return path.indices.contains { matches(pattern.dropFirst(), path[$0...]) }
        }
        guard let key = path.first else { return false }
        if first == UInt8(ascii: "[") {
            let digits = pattern.dropFirst().prefix { $0 != UInt8(ascii: "]") }
            guard case .index(Int(String(decoding: digits, as: UTF8.self)) ?? -1) = key else { return false }
            return matches(pattern.dropFirst(digits.count + 2), path.dropFirst())
        }
        let name = pattern.dropFirst().prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
        guard case .name(String(decoding: name, as: UTF8.self)) = key else { return false }
        return matches(pattern.dropFirst(name.count + 1), path.dropFirst())
    }

    private func describe(_ path: [Key]) -> String {
        path.reduce(into: "$") { text, key in
            switch key {
            case .name(let name): text += "." + name
            case .index(let index): text += "[\(index)]"
            }
        }
    }
}

/// What recordings say instead of times, identifiers and other values that differ from run to run.
enum Placeholders {
    private static let words: Set<String> = [
        "timestamp", "date", "datetime", "start-date", "stop-date", "start-time", "entered-time", "RequestId",
        "x-amzn-RequestId", "X-Amzn-Trace-Id",
        "execution-arn", "state-machine-arn", "generated-uuid", "map_run_arn", "a_task_token",
    ]

    static func matches(_ own: String, _ recorded: String) -> Bool {
        if own == recorded || words.contains(recorded) { return true }
        guard recorded.contains("<") else { return false }
        // Literal parts must occur in order, with anything where a placeholder stands.
        var literals: [Substring] = []
        var rest = recorded[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            literals.append(rest[..<open])
            rest = rest[rest.index(after: close)...]
        }
        guard !literals.isEmpty, own.hasPrefix(literals[0]), own.hasSuffix(rest) else { return false }
        var remaining = own.dropFirst(literals[0].count)
        for literal in literals.dropFirst() {
            guard !literal.isEmpty else { continue }
            guard let range = remaining.firstRange(of: literal) else { return false }
            remaining = remaining[range.upperBound...]
        }
        return remaining.count >= rest.count
    }
}
