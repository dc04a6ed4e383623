/// A place in a definition, as the keys and indexes that lead there from the root.
package struct Place: Sendable, Hashable {
    package enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    package let steps: [Step]

    package init(_ steps: [Step] = []) { self.steps = steps }

    package func field(_ name: String) -> Place { Place(steps + [.key(name)]) }

    package func item(_ index: Int) -> Place { Place(steps + [.index(index)]) }

    /// As AWS writes it: `/States/Choose/Choices[0]/Next`; `/` for the root.
    package var text: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += "/" + key
            case .index(let index): text += "[\(index)]"
            }
        }
        return text.isEmpty ? "/" : text
    }

    /// Whether this is the `States` of the machine, of a branch or of an item processor; a state that happens to be
    /// called `States` is not.
    var isStatesOfScope: Bool {
        var rest = steps[...]
        while rest.popFirst() == .key("States") {
            if rest.isEmpty { return true }
            rest.removeFirst()
            switch rest.popFirst() {
            case .key("Branches"): _ = rest.popFirst()
            case .key("ItemProcessor"), .key("Iterator"): break
            default: return false
            }
        }
        return false
    }
}
