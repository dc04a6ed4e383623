import Foundation
import JSON
import StatesLanguage
import Yams

/// A definition that was written in YAML, as the JSON that is deployed.
///
/// Plain values mean what they mean in JSON (`true`, `null`, `12`); all others are text, `yes` and `2026-11-28` too.
struct YAMLDefinition: Sendable {
    let json: String
    private let origins: [YAMLOrigin]

    /// What a text may have of aliases. Aliases within what aliases name multiply; the library follows them without a
    /// bound where keys are no plain text, so that few are allowed there.
    private static let maximumAliases = 200
    private static let maximumAliasesBesideOddKeys = 16

    /// - Throws: `Failure` with the place of the first fault.
    init(parsing text: String, file: String) throws(Failure) {
        guard text.utf8.count <= Definition.maximumByteCount else {
            throw Failure(.negative, "the definition has more than \(Definition.maximumByteCount) bytes", at: file)
        }
        try Self.checkAliases(in: text, file: file)
        let conversion = try DeepStack.run { () throws(Failure) in
            do {
                guard let root = try Yams.compose(yaml: text) else {
                    throw Failure(.negative, "the file is empty", at: file)
                }
                var conversion = YAMLConversion(file: file)
                try conversion.write(root)
                return conversion
            } catch let error as Failure {
                throw error
            } catch {
                throw Failure(.negative, "the file is not YAML: \(error)", at: file)
            }
        }
        json = String(decoding: conversion.bytes, as: UTF8.self)
        origins = conversion.origins
    }

    private static func checkAliases(in text: String, file: String) throws(Failure) {
        let aliases = text.matches(of: /(?:^|[\s\[\]{},:?'"\-])\*[A-Za-z0-9_\-]/).count
        let hasOddKeys = text.contains(/[\]}][ \t]*:|\*[A-Za-z0-9_\-]+[ \t]*:|(?:^|[\s\[{,\-:])\?\s/)
        let most = hasOddKeys ? maximumAliasesBesideOddKeys : maximumAliases
        guard aliases > most else { return }
        throw Failure(
            .negative,
            "the definition has \(aliases) aliases (*name), or what looks like them; \(most) are allowed here",
            at: file,
            remedy: hasOddKeys
                ? "write them out; \(maximumAliases) are allowed where all keys are plain names" : "write them out"
        )
    }

    /// A diagnostic of the JSON, at the place that it comes from.
    func located(_ diagnostic: Diagnostic, in source: String) -> Diagnostic {
        guard let offset = diagnostic.position?.offset, let origin = origins.last(where: { $0.offset <= offset })
        else { return diagnostic }
        return Diagnostic(
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: diagnostic.message,
            location: diagnostic.location,
            position: origin.position(in: source),
            hint: diagnostic.hint
        )
    }
}

/// The place in the YAML text of what begins at an offset of the JSON.
struct YAMLOrigin: Sendable {
    let offset: Int
    let line: Int
    let column: Int

    fileprivate func position(in source: String) -> SourcePosition {
        let scalars = source.unicodeScalars
        var index = scalars.startIndex
        var left = line - 1
        while left > 0, index < scalars.endIndex {
            if scalars[index] == "\n" { left -= 1 }
            index = scalars.index(after: index)
        }
        index = scalars.index(index, offsetBy: column - 1, limitedBy: scalars.endIndex) ?? scalars.endIndex
        let offset = source.utf8.distance(from: source.startIndex, to: index)
        return SourcePosition(offset: offset, line: line, column: column)
    }
}
