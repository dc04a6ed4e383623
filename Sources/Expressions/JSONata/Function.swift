/// A function as a value.
final class Function {
    enum Kind {
        case native(NativeFunction)
        case lambda(Lambda, input: Value, frame: Frame)
        /// A function with some of its arguments already given.
        case partial(Function, [Value?])
        /// One function after the other.
        case composition(Function, Function)
        case regex(Regex)
        /// What a regex's result offers to go on with: the next match.
        case nextMatch(Regex, String, from: Int)
        case transform(Transform, frame: Frame)
    }

    let kind: Kind
    let nesting: Int

    init(_ kind: Kind) {
        self.kind = kind
        nesting =
            switch kind {
            case .native, .regex, .nextMatch: 0
            case .lambda(_, let input, let frame): max(frame.nesting, input.nesting) + 1
            case .transform(_, let frame): frame.nesting + 1
            case .partial(let function, let arguments):
                arguments.reduce(function.nesting) { max($0, $1?.nesting ?? 0) } + 1
            case .composition(let first, let second): max(first.nesting, second.nesting) + 1
            }
    }

    /// Whether both are one function; every mention of a library function is that function.
    func isSame(as other: Function) -> Bool {
        if case .native(let left) = kind, case .native(let right) = other.kind { return left === right }
        return self === other
    }

    /// The number of arguments that a higher-order function offers.
    var arity: Int {
        switch kind {
        case .native(let native): native.arity
        case .lambda(let lambda, _, _): lambda.parameters.count
        case .partial(_, let arguments): arguments.count { $0 == nil }
        case .composition, .transform, .regex: 1
        case .nextMatch: 0
        }
    }
}

/// The variables of a block, a call or a row of a tuple stream.
final class Frame {
    private var names: [Int]
    private var values: [Value]
    let parent: Frame?
    private(set) var nesting: Int

    init(parent: Frame?, names: [Int] = [], values: [Value] = []) {
        self.parent = parent
        self.names = names
        self.values = values
        nesting = values.reduce(parent?.nesting ?? 0) { max($0, $1.nesting) }
    }

    subscript(name: Int) -> Value? {
        var frame = self
        while true {
            for place in frame.names.indices where frame.names[place] == name { return frame.values[place] }
            guard let parent = frame.parent else { return nil }
            frame = parent
        }
    }

    func bind(_ name: Int, _ value: Value) {
        nesting = max(nesting, value.nesting)
        if let place = names.firstIndex(of: name) {
            values[place] = value
        } else {
            names.append(name)
            values.append(value)
        }
    }

    /// Lets go of all values, because some of them may hold this frame.
    func clear() {
        names = []
        values = []
    }
}
