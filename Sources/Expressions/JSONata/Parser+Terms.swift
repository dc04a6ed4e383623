/// The parts that stand between brackets.
extension Parser {
    mutating func block(at position: Int) throws(JSONataError) -> Syntax {
        var expressions: [Syntax] = []
        while !token.isOperator(")") {
            expressions.append(try expression())
            guard token.isOperator(";") else { break }
            try advance()
        }
        try pass(")", infix: true)
        return Syntax(.block(expressions), at: position)
    }

    mutating func array(at position: Int) throws(JSONataError) -> Syntax {
        var items: [Syntax] = []
        if !token.isOperator("]") {
            while true {
                var item = try expression()
                if token.isOperator("..") {
                    let range = token
                    try advance()
                    item = Syntax(.binary("..", item, try expression()), at: range.end)
                }
                items.append(item)
                guard token.isOperator(",") else { break }
                try advance()
            }
        }
        try pass("]", infix: true)
        return Syntax(.array(items), at: position)
    }

    /// `key: value` pairs up to the closing brace.
    mutating func pairs() throws(JSONataError) -> [Syntax.Pair] {
        var pairs: [Syntax.Pair] = []
        if !token.isOperator("}") {
            while true {
                let key = try expression()
                try pass(":")
                pairs.append(Syntax.Pair(key: key, value: try expression()))
                guard token.isOperator(",") else { break }
                try advance()
            }
        }
        try pass("}", infix: true)
        return pairs
    }

    /// The terms of an order-by clause.
    mutating func terms() throws(JSONataError) -> [Syntax.Term] {
        try pass("(")
        var terms: [Syntax.Term] = []
        while true {
            var isDescending = false
            if token.isOperator("<") || token.isOperator(">") {
                isDescending = token.text == ">"
                try advance()
            }
            terms.append(Syntax.Term(isDescending: isDescending, expression: try expression()))
            guard token.isOperator(",") else { break }
            try advance()
        }
        try pass(")")
        return terms
    }

    mutating func transform(at position: Int) throws(JSONataError) -> Syntax {
        let pattern = try expression()
        try pass("|")
        let update = try expression()
        var delete: Syntax?
        if token.isOperator(",") {
            try advance()
            delete = try expression()
        }
        try pass("|")
        return Syntax(.transform(pattern: pattern, update: update, delete: delete), at: position)
    }

    mutating func call(_ procedure: Syntax, at position: Int) throws(JSONataError) -> Syntax {
        var arguments: [Syntax] = []
        var isPartial = false
        if !token.isOperator(")") {
            while true {
                if token.isOperator("?") {
                    isPartial = true
                    arguments.append(Syntax(.placeholder, at: token.end))
                    try advance()
                } else {
                    arguments.append(try expression())
                }
                guard token.isOperator(",") else { break }
                try advance()
            }
        }
        try pass(")", infix: true)
        if case .name(let name) = procedure.kind, name == "function" || name == "λ" {
            return try lambda(arguments, at: position)
        }
        return Syntax(.call(procedure, arguments, isPartial: isPartial), at: position)
    }

    private mutating func lambda(_ arguments: [Syntax], at position: Int) throws(JSONataError) -> Syntax {
        var parameters: [String] = []
        for (place, argument) in arguments.enumerated() {
            guard case .variable(let name) = argument.kind else {
                throw JSONataError(
                    code: "S0208",
                    reason: "Parameter \(place + 1) of function definition must be a variable name (start with $)",
                    position: argument.position
                )
            }
            parameters.append(name)
        }
        var signature: Signature?
        if token.isOperator("<") {
            let start = token.end
            var text = "<"
            var depth = 1
            while depth > 0, !token.isOperator("{"), token.kind != .end {
                try advance()
                if token.isOperator(">") { depth -= 1 }
                if token.isOperator("<") { depth += 1 }
                text += token.text
            }
            try pass(">")
            do throws(JSONataError) {
                signature = try Signature(text)
            } catch {
                throw error.located(at: start, token: text)
            }
        }
        try pass("{")
        let body = try expression()
        try pass("}")
        return Syntax(.lambda(parameters: parameters, signature: signature, body: body), at: position)
    }
}
