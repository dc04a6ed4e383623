internal import CPCRE2

/// A regular expression, compiled once, that matches as JavaScript's do.
final class Regex: @unchecked Sendable {
    // Sendable: the compiled code is not changed after `init`, and PCRE2 lets any number of threads match with it.
    private let code: OpaquePointer

    /// Where a match and its groups are, in bytes of the text.
    struct Match {
        let range: Range<Int>
        /// Nil for a group that took no part.
        let groups: [Range<Int>?]
    }

    /// The most steps that one match may take.
    static let largestLimit = 300_000

    enum Failure: Error {
        /// The match, depth or heap limit has been reached.
        case limit
    }

    init(_ pattern: String, flags: String, at position: Int) throws(JSONataError) {
        var options =
            PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF
            | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C
        if flags.contains("i") { options |= PCRE2_CASELESS }
        if flags.contains("m") { options |= PCRE2_MULTILINE }
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_parens_nest_limit_8(context, 100)
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_ANYCRLF))
        var error: Int32 = 0
        var offset = 0
        let bytes = Array(pattern.utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, context) else {
            throw JSONataError(
                code: "S0303",
                reason: "the regular expression can't be understood: \(Self.message(error))",
                position: position,
                token: pattern
            )
        }
        self.code = code
    }

    deinit { pcre2_code_free_8(code) }

    private static func message(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
    }

    /// The first match at or after a place.
    ///
    /// - Parameters:
    ///   - text: The whole text.
    ///   - start: Where to begin, in bytes.
    ///   - limit: How many steps PCRE2 may take, in the order of 15 ns each.
    func firstMatch(in text: [UInt8], from start: Int, limit: Int) throws(Failure) -> Match? {
        let matchContext = pcre2_match_context_create_8(nil)
        defer { pcre2_match_context_free_8(matchContext) }
        pcre2_set_match_limit_8(matchContext, UInt32(clamping: limit))
        pcre2_set_depth_limit_8(matchContext, 20_000)
        pcre2_set_heap_limit_8(matchContext, 8_192)
        let data = pcre2_match_data_create_from_pattern_8(code, nil)
        defer { pcre2_match_data_free_8(data) }
        let options = UInt32(PCRE2_NO_UTF_CHECK)
        let count = pcre2_match_8(code, text, text.count, start, options, data, matchContext)
        guard count != PCRE2_ERROR_NOMATCH else { return nil }
        guard count > 0, let offsets = pcre2_get_ovector_pointer_8(data) else { throw .limit }
        let total = Int(pcre2_get_ovector_count_8(data))
        // A look-ahead with \K could end before it starts.
        guard offsets[0] <= offsets[1] else { return nil }
        let groups = (1..<max(total, 1))
            .map { group -> Range<Int>? in
                let (low, high) = (offsets[2 * group], offsets[2 * group + 1])
                // Groups that took no part are at PCRE2_UNSET, which is -1 as a signed number.
                return low >= 0 && low <= high && high <= text.count ? low..<high : nil
            }
        return Match(range: offsets[0]..<offsets[1], groups: groups)
    }
}
