import Expressions
import JSON
import Testing

@Suite("Paths")
struct PathTests {
    static let store = """
        {"store":{"books":[{"title":"A","price":8,"tags":["x"]},{"title":"B","price":12.5},{"title":"C","price":9,\
        "isbn":"1"}],"bicycle":{"price":20}},"limit":10}
        """

    @Test(
        "definite paths",
        arguments: [
            Row("$", #"[1, 2]"#, gives: "[1,2]"),
            Row("$", "null", gives: "null"),
            Row("$.a.b", #"{"a":{"b":1}}"#, gives: "1"),
            Row("$['a'][\"b\"]", #"{"a":{"b":1}}"#, gives: "1"),
            Row("$.['a'].[0]", #"{"a":[7]}"#, gives: "7"),
            Row("$[ 'a' ]", #"{"a":1}"#, gives: "1"),
            Row("$.a ", #"{"a":1}"#, gives: "1"),
            Row("$.a[1]", #"{"a":[1,2,3]}"#, gives: "2"),
            Row("$.a[-1]", #"{"a":[1,2,3]}"#, gives: "3"),
            Row("$[0][0]", "[[5]]", gives: "5"),
            Row("$.a", #"{"a":null}"#, gives: "null"),
            Row("$.sub-values", #"{"sub-values":1}"#, gives: "1"),
            Row("$.@id", #"{"@id":1}"#, gives: "1"),
            Row("$.주문.값", #"{"주문":{"값":1}}"#, gives: "1"),
            Row("$['']", #"{"":1}"#, gives: "1"),
            Row("$['a.b']", #"{"a.b":1}"#, gives: "1"),
            Row("$['it\\'s']", #"{"it's":1}"#, gives: "1"),
            Row("$[\"a\\\"b\"]", #"{"a\"b":1}"#, gives: "1"),
            Row("$['a\\\\']", #"{"a\\":1}"#, gives: "1"),
            Row("$['Test\\\"\"Name\"']", #"{"Test\\\"\"Name\"":1}"#, gives: "1"),
            Row("$['a','c']", #"{"a":1,"b":2,"c":3}"#, gives: #"{"a":1,"c":3}"#),
            Row("$.n", #"{"n":12345678901234567890.50}"#, gives: "12345678901234567890.50"),
        ]
    )
    func definite(_ row: Row) throws {
        let path = try Path(row.expression)
        try row.check { (scope) throws(ExpressionError) in try path.evaluate(in: scope) }
    }

    @Test(
        "definite paths that lead nowhere",
        arguments: [
            Row("$.a", cause: "Invalid path '$.a' : No results for path: $['a']"),
            Row("$.a.b", #"{"a":{}}"#, cause: "Invalid path '$.a.b' : No results for path: $['a']['b']"),
            Row(
                "$.no.such.result.path",
                cause: "Invalid path '$.no.such.result.path' : Missing property in path $['no']"
            ),
            Row("$.a[5]", #"{"a":[1]}"#, cause: "Invalid path '$.a[5]' : No results for path: $['a'][5]"),
            Row("$.a[-2]", #"{"a":[1]}"#, cause: "Invalid path '$.a[-2]' : No results for path: $['a'][-2]"),
            Row("$.a[0]", #"{"a":null}"#, cause: "Invalid path '$.a[0]' : The path $['a'] is null"),
            Row(
                "$.a[0].b",
                #"{"a":{"c":1}}"#,
                cause: "Invalid path '$.a[0].b' : Filter: [0]['b'] can only be applied to arrays."
                    + " Current context is: {c=1}"
            ),
            Row(
                "$.a.b",
                #"{"a":1}"#,
                cause: "Invalid path '$.a.b' : Expected to find an object with property ['b'] in path $['a']"
                    + " but found a number."
            ),
            Row("$.a", "null", cause: "Unable to apply Path transformation to null or empty input."),
        ]
    )
    func nowhere(_ row: Row) throws {
        let path = try Path(row.expression)
        try row.check { (scope) throws(ExpressionError) in try path.evaluate(in: scope) }
        let scope = Scope(input: try JSONValue(parsing: row.document))
        #expect(try path.find(in: scope) == nil)
    }

    @Test(
        "indefinite paths",
        arguments: [
            Row("$.store.books[*].title", store, gives: #"["A","B","C"]"#),
            Row("$.store.bicycle.*", store, gives: "[20]"),
            Row("$.store.books[0,2].title", store, gives: #"["A","C"]"#),
            Row("$.store.books[0, 7, -1].price", store, gives: "[8,9]"),
            Row("$.store.books[*]['title','price']", store, gives: booksWithTwoMembers),
            Row("$.store['books','bicycle'].price", store, gives: "[20]"),
            Row("$..price", store, gives: "[8,12.5,9,20]"),
            Row("$..books[0].title", store, gives: #"["A"]"#),
            Row("$..['isbn']", store, gives: #"["1"]"#),
            Row("$..*", #"{"a":{"b":1},"c":[2]}"#, gives: #"[{"b":1},[2],1,2]"#),
            Row("$.a..b", #"{"a":{"b":{"b":1}},"b":2}"#, gives: #"[{"b":1},1]"#),
            Row("$.items[*]", gives: "[]"),
            Row("$.item.items[1:]", gives: "[]"),
            Row("$.items[1:].itemValue", gives: "[]"),
            Row("$.a[*]", #"{"a":5}"#, gives: "[]"),
            Row("$.a[1:]", #"{"a":"text"}"#, gives: "[]"),
        ]
    )
    func indefinite(_ row: Row) throws {
        let path = try Path(row.expression)
        #expect(!path.isReference)
        try row.check { (scope) throws(ExpressionError) in try path.evaluate(in: scope) }
    }

    static let booksWithTwoMembers = #"[{"title":"A","price":8},{"title":"B","price":12.5},{"title":"C","price":9}]"#

    @Test(
        "slices",
        arguments: [
            ("[1:3]", "[1,2]"), ("[:2]", "[0,1]"), ("[3:]", "[3,4]"), ("[-2:]", "[3,4]"), ("[:-3]", "[0,1]"),
            ("[::2]", "[0,2,4]"), ("[1:4:2]", "[1,3]"), ("[ 1 : 3 ]", "[1,2]"), ("[::-1]", "[4,3,2,1,0]"),
            ("[3:0:-2]", "[3,1]"), ("[4:1]", "[]"), ("[7:9]", "[]"), ("[-9:-7]", "[]"),
            ("[-9007199254740992:9007199254740992]", "[0,1,2,3,4]"),
            ("[0:9007199254740992:9007199254740992]", "[0]"),
            ("[9007199254740992:-9007199254740992:-9007199254740992]", "[4]"), ("[:]", "[0,1,2,3,4]"),
        ]
    )
    func slices(_ slice: String, _ expected: String) throws {
        #expect(try Path("$" + slice).evaluate(in: Scope(input: [0, 1, 2, 3, 4])).text == expected)
        #expect(try Path("$" + slice).evaluate(in: Scope(input: [])).text == "[]")
    }

    @Test(
        "length()",
        arguments: [
            Row("$.length()", "[1,2]", gives: "2"),
            Row("$.a.length()", #"{"a":[1,2,3]}"#, gives: "3"),
            Row("$.a.length()", #"{"a":{"b":1}}"#, gives: "1"),
            Row("$.a.length()", #"{"a":"four"}"#, gives: "4"),
            Row("$.a[*].b.length()", #"{"a":[{"b":1},{},{"b":2}]}"#, gives: "2"),
            Row("$.a.length()", cause: "Invalid path '$.a.length()' : No results for path: $['a']"),
            Row(
                "$.a.length()",
                #"{"a":1}"#,
                cause: "Invalid path '$.a.length()' : Expected something that has a length but found a number."
            ),
        ]
    )
    func length(_ row: Row) throws {
        let path = try Path(row.expression)
        #expect(!path.isReference)
        try row.check { (scope) throws(ExpressionError) in try path.evaluate(in: scope) }
    }

    @Test(
        "context object and variables",
        arguments: [
            Row("$$", gives: #"{"Execution":{"Input":{"a":[1]}},"n":null}"#),
            Row("$$.Execution.Input.a[0]", gives: "1"),
            Row("$$['n']", gives: "null"),
            Row("$$.Nope", cause: "Invalid path '$.Nope' : No results for path: $['Nope']"),
            Row("$x", gives: #"{"y":[1,2]}"#),
            Row("$x.y[1]", gives: "2"),
            Row("$x['y'][*]", gives: "[1,2]"),
            Row("$_z1", gives: "true"),
            Row("$größe", gives: "3"),
            Row("$x.nope", cause: "Invalid path '$x.nope' : No results for path: $['nope']"),
            Row("$unknown.a", cause: "Invalid path '$unknown.a' : The variable '$unknown' is not defined."),
        ]
    )
    func roots(_ row: Row) throws {
        let path = try Path(row.expression)
        let variables: [String: JSONValue] = ["x": ["y": [1, 2]], "_z1": true, "größe": 3]
        let context = #"{"Execution":{"Input":{"a":[1]}},"n":null}"#
        try row.check(context: context, variables: variables) { (scope) throws(ExpressionError) in
            try path.evaluate(in: scope)
        }
    }

    @Test(
        "what is not a path",
        arguments: [
            ("", "a path starts with '$', found the end", 0),
            ("a.b", "a path starts with '$', found 'a'", 0),
            ("$.", "a path may not end in '.'", 2),
            ("$.a..", "a path may not end in '.'", 5),
            ("$...a", "expected a name after '.', found '.'", 3),
            ("$.a b", "expected '.', '[' or the end of the path, found 'b'", 4),
            ("$.a]", "expected '.', '[' or the end of the path, found ']'", 3),
            ("$[", "expected a whole number, found the end", 2),
            ("$[]", "expected a whole number, found ']'", 2),
            ("$[1", "expected ']', found the end", 3),
            ("$['a", "the quote is not closed", 2),
            ("$['a'", "expected ']', found the end", 5),
            ("$['a',]", "expected a text in quotes, found ']'", 6),
            ("$[1,'a']", "expected a whole number, found '''", 4),
            ("$[99999999999999999999]", "the number 99999999999999999999 is too large", 2),
            ("$[1:2:0]", "the step of a slice may not be 0", 7),
            ("$.a.size()", "the function 'size()' is not available in a path, only 'length()' is", 4),
            ("$.a.length(1)", "'length()' takes no arguments", 10),
            ("$.a.length().b", "'length()' must end the path", 12),
            ("$1x", "expected '.', '[' or the end of the path, found '1'", 1),
            ("$a-b", "expected '.', '[' or the end of the path, found '-'", 2),
            ("$$a", "expected '.', '[' or the end of the path, found 'a'", 2),
            ("$€", "'€' is not the name of a variable", 1),
            ("$.a\u{0}", "expected '.', '[' or the end of the path, found '\u{0}'", 3),
        ]
    )
    func faults(_ text: String, _ reason: String, _ offset: Int) {
        #expect(throws: ExpressionSyntaxError(reason: reason, offset: offset)) { try Path(text) }
    }

    @Test("a name of more than 80 characters is no variable")
    func longVariable() throws {
        let name = String(repeating: "v", count: 80)
        #expect(try Path("$" + name).root == .variable(name))
        #expect(throws: ExpressionSyntaxError.self) { try Path("$v" + name) }
    }

    @Test(
        "introspection",
        arguments: [
            ("$.a[0]['b']", true, false, []), ("$", true, false, []), ("$.a[*]", false, false, []),
            ("$['a','b']", false, false, []), ("$..a", false, false, []), ("$x.y", true, false, ["x"]),
            ("$$", true, true, []), ("$$.Execution", true, true, []), ("$$.Execution.Input.a", true, true, []),
            ("$$['Execution']['Input']", true, true, []), ("$$.Execution.Id", true, false, []),
            ("$$.State.Name", true, false, []), ("$$..Input", false, true, []), ("$$.*", false, true, []),
        ] as [(String, Bool, Bool, Set<String>)]
    )
    func introspection(_ text: String, isReference: Bool, readsExecutionInput: Bool, variables: Set<String>) throws {
        let path = try Path(text)
        #expect(path.isReference == isReference)
        #expect(path.readsExecutionInput == readsExecutionInput)
        #expect(path.variableNames == variables)
    }

    @Test("the root of a context path is shown as '$'")
    func jsonPath() throws {
        #expect(try Path("$$.Execution.Input").jsonPath == "$.Execution.Input")
        #expect(try Path("$.a").jsonPath == "$.a")
        #expect(try Path("$x.a").jsonPath == "$x.a")
    }
}
