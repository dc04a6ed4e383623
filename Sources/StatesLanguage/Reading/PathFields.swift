import Expressions
import JSON

/// Fields that hold paths, intrinsics and payload templates.
extension FieldReader {
    /// Any path, filters and wildcards included.
    func path(_ name: String) -> Path? {
        guard let text = string(name) else { return nil }
        do {
            return try Path(text)
        } catch {
            findings.error("Value must be a valid JSONPath.", at: place.field(name), hint: "\(error)")
            return nil
        }
    }

    /// `InputPath` and `OutputPath`: a path, or null.
    func pathOrNothing(_ name: String) -> PathOrNothing {
        guard let value = object[name] else { return .whole }
        if value.isNull { return .nothing }
        guard let path = path(name) else { return .whole }
        return path.text == "$" ? .whole : .path(path)
    }

    /// A path that names exactly one node.
    func referencePath(_ name: String, mayReadContext: Bool = true) -> Path? {
        guard let text = string(name) else { return nil }
        guard text.utf8.first == UInt8(ascii: "$") else {
            return notAReference(name, ": Reference path didn't start with '$'")
        }
        do {
            let path = try Path(text)
            guard path.isReference else { return notAReference(name, hint: "it can name several nodes") }
            guard mayReadContext || !text.hasPrefix("$$") else {
                return notAReference(name, hint: "this field does not read the Context Object")
            }
            return path
        } catch {
            return notAReference(name, hint: "\(error)")
        }
    }

    /// `ResultPath`: a place in the input, or null.
    func resultPath(_ name: String) -> ResultPath {
        guard let value = object[name] else { return .replace }
        if value.isNull { return .discard }
        guard let text = string(name) else { return .replace }
        guard text.utf8.first == UInt8(ascii: "$") else {
            return notAReference(name, ": Reference path didn't start with '$'") ?? .replace
        }
        if text == "$" { return .replace }
        do {
            return .put(try ReferencePath(text))
        } catch {
            return notAReference(name, hint: "\(error)") ?? .replace
        }
    }

    /// `ErrorPath` and `CausePath`: a reference path, or an intrinsic that yields a string.
    func stringExpression(_ name: String) -> TemplateExpression? {
        guard let text = string(name) else { return nil }
        guard text.hasPrefix("States.") else {
            guard referencePath(name) != nil else { return nil }
            return try? TemplateExpression(text)
        }
        do {
            let expression = try TemplateExpression(text)
            guard expression.mayGiveString else {
                findings.error(
                    "Only intrinsic functions that return a string are allowed",
                    at: place.field(name),
                    hint: "wrap the value in States.Format or States.JsonToString"
                )
                return nil
            }
            return expression
        } catch {
            findings.error(
                "The value for the field '\(name)' must be a valid JSONPath or a valid intrinsic function call",
                at: place.field(name),
                hint: "\(error)"
            )
            return nil
        }
    }

    /// A payload template, compiled; all of its faults are reported.
    func template(_ name: String) -> PayloadTemplate? {
        guard let source = object[name] else { return nil }
        let place = place.field(name)
        let (template, faults) = PayloadTemplate.compile(source)
        for fault in faults {
            findings.error(
                "The value for the field '\(fault.keys.last ?? name)' must be a valid JSONPath"
                    + " or a valid intrinsic function call",
                at: place,
                exactly: place.below(fault.keys, in: source),
                hint: fault.reason
            )
        }
        warnOfMissingDollars(in: source, field: place)
        return faults.isEmpty ? template : nil
    }

    /// A template in the language of its state.
    func template(_ name: String, in language: QueryLanguage, below parent: String = "") -> Template? {
        switch language {
        case .jsonPath: template(name).map(Template.jsonPath)
        case .jsonata: jsonataTemplate(name, below: parent).map(Template.jsonata)
        }
    }

    private func notAReference<Value>(_ name: String, _ reason: String = "", hint: String? = nil) -> Value? {
        findings.error("Value is not a Reference Path\(reason)", at: place.field(name), hint: hint)
        return nil
    }
}

extension Place {
    /// A place below this one, by the keys and indexes that lead there from the value that stands here.
    func below(_ keys: [String], in value: JSONValue) -> Place {
        var place = self
        var value: JSONValue? = value
        for key in keys {
            if let index = Int(key), value?.array != nil {
                place = place.item(index)
                value = value?[index]
            } else {
                place = place.field(key)
                value = value?[key]
            }
        }
        return place
    }
}
