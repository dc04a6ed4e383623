import Expressions
import JSON
import Testing

@Suite("Filters")
struct PathFilterTests {
    /// Rows with an id each; a filter is judged by the ids it lets through.
    static let rows = """
        {"limit":10,"names":["a","b"],"rows":[\
        {"id":1,"price":8,"name":"a","tags":["x","y"],"open":true},\
        {"id":2,"price":12.5,"name":"b","tags":[],"open":false},\
        {"id":3,"price":10,"name":"it's","open":null,"sub":{"n":1}},\
        {"id":4,"price":"10","name":""}]}
        """

    @Test(
        "conditions",
        arguments: [
            ("@.price < 10", [1]), ("@.price <= 10", [1, 3]), ("@.price > 10", [2]), ("@.price >= 10", [2, 3]),
            ("@.price == 10", [3, 4]), ("@.price == 10.0", [3]), ("@.price == '10'", [3, 4]),
            ("@.price == '10.0'", [3]), ("@.price != 10", [1, 2]), ("10 > @.price", [1]), ("1e1 == @.price", [3, 4]),
            ("@.name == 'a'", [1]), ("@.name == \"a\"", [1]), ("@.name == 'it\\'s'", [3]), ("@.name > 'a'", [2, 3]),
            ("@.name < 5", []), ("@['name']=='b'", [2]), ("@.id==1||@.id==3", [1, 3]),
            ("@.open", [1, 2, 3]), ("!@.open", [4]), ("@.open == true", [1]), ("@.open == false", [2]),
            ("@.open == null", [3]), ("@.open != null", [1, 2, 4]), ("@.nope == null", []),
            ("@.nope != 1", [1, 2, 3, 4]),
            ("@.price < 11 && @.open", [1, 3]), ("@.id == 4 || @.price < 11 && @.open", [1, 3, 4]),
            ("(@.id == 4 || @.price < 11) && @.open", [1, 3]), ("!(@.id == 1 || @.id == 2)", [3, 4]),
            ("!!@.open", [1, 2, 3]),
            ("@.price < $.limit", [1]), ("@.sub.n == 1", [3]), ("@.sub == @.sub", [3]), ("@.tags[0] == 'x'", [1]),
            ("@.tags[*]", [1]), ("@.tags[?(@ == 'y')]", [1]), ("@.tags.length() == 2", [1]), ("@.length() == 3", [4]),
            ("@.id in [1, 3]", [1, 3]), ("@.id nin [1, 3]", [2, 4]), ("@.name in $.names", [1, 2]),
            ("@.id IN [4]", [4]),
            ("@.nope nin [1]", [1, 2, 3, 4]), ("@.tags contains 'y'", [1]), ("@.name contains \"t'\"", [3]),
            ("@.tags subsetof ['x','y','z']", [1, 2]), ("@.tags anyof ['y']", [1]), ("@.tags noneof ['y']", [2]),
            ("@.tags size 2", [1]), ("@.name size 4", [3]), ("@.tags empty true", [2]),
            ("@.name empty false", [1, 2, 3]),
            ("@.tags == ['x', 'y']", [1]), ("@.id == -1", []), (" @.id  ==  2 ", [2]),
        ] as [(String, [Int])]
    )
    func conditions(_ condition: String, _ ids: [Int]) throws {
        let scope = Scope(input: try JSONValue(parsing: Self.rows))
        let found = try Path("$.rows[?(\(condition))].id").evaluate(in: scope)
        #expect(found == .array(ids.map { .number(JSONNumber($0)) }))
    }

    @Test(
        "places of a filter",
        arguments: [
            Row("$.users[?(@.status == 0)]", #"{"users":[{"status":0},{"status":1}]}"#, gives: #"[{"status":0}]"#),
            Row("$[?(@.year <= 1999)]", #"[{"year":1999},{"year":2000}]"#, gives: #"[{"year":1999}]"#),
            Row("$.[?(@.year < 1999)].name", #"[{"year":1998,"name":"n"},{"year":1999}]"#, gives: #"["n"]"#),
            Row("$[?(@ > 2)]", "[1,2,3,4]", gives: "[3,4]"),
            Row("$.o[?(@.a == 1)]", #"{"o":{"a":1}}"#, gives: #"[{"a":1}]"#),
            Row("$.o[?(@.a == 2)]", #"{"o":{"a":1}}"#, gives: "[]"),
            Row("$..[?(@.p)].p", #"{"x":[{"p":1},[{"p":2}]],"y":{"p":3}}"#, gives: "[1,2,3]"),
            Row("$..[?(@ == 1)]", "[1,[1,2]]", gives: "[1,1]"),
            Row("$.a[?( @.b )].b", #"{"a":[{"b":null},{"c":1}]}"#, gives: "[null]"),
            Row("$.missing[?(@.a)]", gives: "[]"),
            Row("$.n[?(@.a)]", #"{"n":5}"#, gives: "[]"),
        ]
    )
    func places(_ row: Row) throws {
        let path = try Path(row.expression)
        try row.check { (scope) throws(ExpressionError) in try path.evaluate(in: scope) }
    }

    @Test(
        "what is not a filter",
        arguments: [
            ("$[?@.a]", "a filter is written '[?(…)]'", 3),
            ("$[?(", "expected a path or a value, found the end", 4),
            ("$[?()]", "expected a path or a value, found ')'", 4),
            ("$[?(@.a=='", "the quote is not closed", 9),
            ("$[?(@.a == 1]", "expected ')', found ']'", 12),
            ("$[?(@.a == 1)", "expected ']', found the end", 13),
            ("$[?(@.a = 1)]", "'=' is not an operator of a filter", 8),
            ("$[?(@.a =~ /x/)]", "regular expressions are not available in a filter", 8),
            ("$[?(@.a like 1)]", "'like' is not an operator of a filter", 8),
            ("$[?(@.a == 01)]", "'01' is not a number", 11),
            ("$[?(1)]", "a value alone is not a condition", 4),
            ("$[?(@.a &&)]", "expected a path or a value, found ')'", 10),
            ("$[?(@.a in [1 2])]", "expected ',' or ']', found '2'", 14),
            ("$[?($x.a)]", "a filter can use '@' and '$' only, neither variables nor the context object", 5),
            ("$[?($$.a)]", "a filter can use '@' and '$' only, neither variables nor the context object", 5),
        ]
    )
    func faults(_ text: String, _ reason: String, _ offset: Int) {
        #expect(throws: ExpressionSyntaxError(reason: reason, offset: offset)) { try Path(text) }
    }
}
