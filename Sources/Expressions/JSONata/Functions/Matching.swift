/// One match as `$match`, `$split` and `$replace` see it, whoever found it.
struct TextMatch {
    let text: String
    /// In code points.
    let start: Double
    let end: Double
    /// Nil for a group that took no part.
    let groups: [String?]

    /// The groups as a list; an element that is missing keeps its place.
    var groupValues: [Value] { groups.map { $0.map(Value.string) ?? .undefined } }

    /// A replacement with `$0` the match, `$1` … its groups and `$$` a dollar sign. As many digits count as there are
    /// groups for.
    ///
    /// - Parameter checkRoom: Fails when there is no room for so many bytes.
    func filled(
        _ template: String,
        checkRoom: (Int) throws(JSONataError) -> Void
    ) throws(JSONataError) -> String {
        let dollar = UInt8(ascii: "$")
        guard template.utf8.contains(dollar) else { return template }
        let bytes = Array(template.utf8)
        var output: [UInt8] = []
        var place = 0
        while place < bytes.count {
            guard bytes[place] == dollar, place + 1 < bytes.count else {
                output.append(bytes[place])
                place += 1
                continue
            }
            place += 1
            if bytes[place] == dollar {
                output.append(dollar)
                place += 1
            } else if let (group, length) = group(at: place, in: bytes) {
                let part = group == 0 ? text : groups.indices.contains(group - 1) ? groups[group - 1] ?? "" : ""
                try checkRoom(output.count + part.utf8.count)
                output += part.utf8
                place += length
            } else {
                output.append(dollar)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The group that digits name: as many of them as keep it among the groups that exist, one at least.
    private func group(at place: Int, in bytes: [UInt8]) -> (group: Int, length: Int)? {
        let widest = bytes[place] == UInt8(ascii: "0") ? 1 : String(groups.count).utf8.count
        var best: (group: Int, length: Int)?
        var value = 0
        for (length, byte) in bytes[place...].prefix(widest).enumerated() {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            if length == 0 || value <= groups.count { best = (value, length + 1) }
        }
        return best
    }
}

extension Evaluator {
    /// The matches of a regex, or of a function that takes a text and returns its first match.
    func matches(of pattern: Function, in text: String, limit: Int?) throws(JSONataError) -> [TextMatch] {
        let limit = limit ?? Int.max
        guard case .regex(let regex) = pattern.kind else {
            return try matches(ofFunction: pattern, in: text, limit: limit)
        }
        try allocate(text.utf8.count)
        let bytes = Array(text.utf8)
        let positions = try positions(in: text)
        var results: [TextMatch] = []
        var next = try find(regex, in: bytes, from: 0)
        while results.count < limit, let found = next {
            try allocate(160 + found.range.count + found.groups.reduce(0) { $0 + 24 + ($1?.count ?? 0) })
            results.append(Self.match(found, in: bytes, positions))
            next = try findNext(regex, in: bytes, after: found.range.upperBound)
        }
        return results
    }

    /// Whether a regex, or a function that takes a text and returns its first match, finds anything.
    func hasMatch(of pattern: Function, in text: String) throws(JSONataError) -> Bool {
        guard case .regex(let regex) = pattern.kind else {
            return try !apply(pattern, [.string(text)], input: .undefined).isUndefined
        }
        try allocate(text.utf8.count)
        return try find(regex, in: Array(text.utf8), from: 0) != nil
    }

    /// The match after another. The first match of a text may be empty, a later one may not: it would come forever.
    private func findNext(_ regex: Regex, in bytes: [UInt8], after end: Int) throws(JSONataError) -> Regex.Match? {
        // After a match at the very end there is nothing left to match, not even an empty text.
        guard end < bytes.count, let found = try find(regex, in: bytes, from: end) else { return nil }
        guard !found.range.isEmpty else {
            throw JSONataError(code: "D1004", reason: "Regular expression matches zero length string")
        }
        return found
    }

    /// The first match, found by tries that may take longer each time, because only the limits of tries can be counted.
    private func find(_ regex: Regex, in bytes: [UInt8], from start: Int) throws(JSONataError) -> Regex.Match? {
        try step(16 + (bytes.count - start) / 256)
        var limit = 100
        while true {
            do throws(Regex.Failure) {
                return try regex.firstMatch(in: bytes, from: start, limit: limit)
            } catch {
                guard limit < Regex.largestLimit else {
                    throw .bound("a regular expression takes more than its share of steps or memory")
                }
            }
            limit = min(10 * limit, Regex.largestLimit)
            try step(limit / 4)
        }
    }

    /// The places of a text.
    func positions(in text: String) throws(JSONataError) -> Positions {
        let positions = Positions(text)
        if !positions.isTrivial {
            try step(text.utf8.count / 8)
            try allocate(8 * text.utf8.count)
        }
        return positions
    }

    private static func match(_ found: Regex.Match, in bytes: [UInt8], _ positions: Positions) -> TextMatch {
        TextMatch(
            text: String(decoding: bytes[found.range], as: UTF8.self),
            start: Double(positions.scalar(found.range.lowerBound)),
            end: Double(positions.scalar(found.range.upperBound)),
            groups: found.groups.map { $0.map { String(decoding: bytes[$0], as: UTF8.self) } }
        )
    }

    private func matches(
        ofFunction function: Function,
        in text: String,
        limit: Int
    ) throws(JSONataError) -> [TextMatch] {
        var results: [TextMatch] = []
        var next = try apply(function, [.string(text)], input: .undefined)
        while results.count < limit, !next.isUndefined {
            try step()
            guard case .object(let object) = next, let start = object["start"].number, let end = object["end"].number,
                let matched = object["match"].string, let following = object["next"].function,
                case .list(let groups) = object["groups"]
            else {
                throw JSONataError(
                    code: "T1010",
                    reason: "a matching function must return an object with match, start, end, groups and next"
                )
            }
            results.append(
                TextMatch(text: matched, start: start, end: end, groups: groups.items.map(\.string))
            )
            try allocate(96 + matched.utf8.count)
            next = try apply(following, [], input: .undefined)
        }
        return results
    }

    /// What a regex returns when it is called as a function: the first match, or the first after another, and a function
    /// for the next.
    func match(_ regex: Regex, in text: String, after end: Int? = nil) throws(JSONataError) -> Value {
        try step(text.utf8.count / 256)
        try checkRoom(text.utf8.count)
        let bytes = Array(text.utf8)
        let found =
            if let end { try findNext(regex, in: bytes, after: end) } else { try find(regex, in: bytes, from: 0) }
        guard let found else { return .undefined }
        let match = Self.match(found, in: bytes, try positions(in: text))
        guard case .object(let object) = try object(of: match) else { return .undefined }
        object["next"] = .function(Function(.nextMatch(regex, text, from: found.range.upperBound)))
        return .object(object)
    }

    func object(of match: TextMatch) throws(JSONataError) -> Value {
        try allocate(Cost.object(5))
        let object = Object(capacity: 5)
        object["match"] = .string(match.text)
        object["start"] = .number(match.start)
        object["end"] = .number(match.end)
        object["groups"] = try list(match.groupValues)
        return .object(object)
    }
}
