/// One match as `$match`, `$split` and `$replace` see it, whoever found it.
struct TextMatch {
    let text: String
    /// In code points.
    let start: Double
    let end: Double
    let groups: [String]

    /// A replacement with `$0` the match, `$1` … its groups and `$$` a dollar sign. As many digits count as there are
    /// groups for.
    func filled(_ template: String) -> String {
        let scalars = Array(template.unicodeScalars)
        var output = String.UnicodeScalarView()
        var place = 0
        while place < scalars.count {
            guard scalars[place] == "$", place + 1 < scalars.count else {
                output.append(scalars[place])
                place += 1
                continue
            }
            place += 1
            if scalars[place] == "$" {
                output.append("$")
                place += 1
            } else if scalars[place] == "0" {
                output.append(contentsOf: text.unicodeScalars)
                place += 1
            } else if let (group, length) = group(at: place, in: scalars) {
                if groups.indices.contains(group - 1) {
                    output.append(contentsOf: groups[group - 1].unicodeScalars)
                }
                place += length
            } else {
                output.append("$")
            }
        }
        return String(output)
    }

    /// The group that digits name: as many of them as keep it among the groups that exist, one at least.
    private func group(at place: Int, in scalars: [Unicode.Scalar]) -> (group: Int, length: Int)? {
        let widest = String(groups.count).utf8.count
        var best: (group: Int, length: Int)?
        var value = 0
        for length in 1...max(widest, 1) {
            guard place + length <= scalars.count,
                let digit = Character(scalars[place + length - 1]).wholeNumberValue,
                scalars[place + length - 1].isASCII
            else { break }
            value = value * 10 + digit
            if length == 1 || value <= groups.count { best = (value, length) }
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
        let bytes = Array(text.utf8)
        let positions = Positions(text)
        var results: [TextMatch] = []
        var start = 0
        // After a match at the very end there is nothing left to match, not even an empty text.
        while results.count < limit, start == 0 || start < bytes.count,
            let found = try find(regex, in: bytes, from: start)
        {
            let match = Self.match(found, in: bytes, positions)
            guard !found.range.isEmpty else {
                throw JSONataError(code: "D1004", reason: "a regular expression matches the empty string")
            }
            results.append(match)
            try allocate(96 + found.range.count)
            start = found.range.upperBound
        }
        return results
    }

    private func find(_ regex: Regex, in bytes: [UInt8], from start: Int) throws(JSONataError) -> Regex.Match? {
        try step(16 + (bytes.count - start) / 256)
        do throws(Regex.Failure) {
            return try regex.firstMatch(in: bytes, from: start)
        } catch {
            throw .bound("a regular expression takes more than its share of steps or memory")
        }
    }

    private static func match(_ found: Regex.Match, in bytes: [UInt8], _ positions: Positions) -> TextMatch {
        TextMatch(
            text: String(decoding: bytes[found.range], as: UTF8.self),
            start: Double(positions.scalar(found.range.lowerBound)),
            end: Double(positions.scalar(found.range.upperBound)),
            groups: found.groups.map { $0.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "" }
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
                TextMatch(text: matched, start: start, end: end, groups: groups.items.map { $0.string ?? "" })
            )
            try allocate(96 + matched.utf8.count)
            next = try apply(following, [], input: .undefined)
        }
        return results
    }

    /// What a regex returns when it is called as a function: the first match and a function for the next.
    func match(_ regex: Regex, in text: String, from start: Int) throws(JSONataError) -> Value {
        let bytes = Array(text.utf8)
        guard start == 0 || start < bytes.count, let found = try find(regex, in: bytes, from: start) else {
            return .undefined
        }
        guard !found.range.isEmpty else {
            throw JSONataError(code: "D1004", reason: "a regular expression matches the empty string")
        }
        let match = Self.match(found, in: bytes, Positions(text))
        guard case .object(let object) = try object(of: match) else { return .undefined }
        object["next"] = .function(Function(.nextMatch(regex, text, from: found.range.upperBound)))
        return .object(object)
    }

    func object(of match: TextMatch) throws(JSONataError) -> Value {
        let object = Object()
        try allocate(250 + match.text.utf8.count)
        object["match"] = .string(match.text)
        object["start"] = .number(match.start)
        object["end"] = .number(match.end)
        object["groups"] = try list(match.groups.map { .string($0) })
        return .object(object)
    }
}
