import Postgres
import PostgresTestSupport
import Testing

@Suite struct ValueTests {
    /// What is sent, and how the server writes it down.
    @Test(
        "parameters arrive as what they are",
        arguments: [
            (.bool(true), "true"), (.bool(false), "false"), (.bool(nil), nil),
            (.int2(-32768), "-32768"), (.int4(.max), "2147483647"), (.int8(.min), "-9223372036854775808"),
            (.int(42), "42"), (.int(nil), nil), (.int2(nil), nil), (.int4(nil), nil), (.int8(nil), nil),
            (.float8(1.5), "1.5"), (.float8(-0.0), "-0"), (.float8(.infinity), "Infinity"), (.float8(.nan), "NaN"),
            (.text(""), ""), (.text("it's \"quoted\" \\ 주문 👩‍👩‍👧 \u{1}"), "it's \"quoted\" \\ 주문 👩‍👩‍👧 \u{1}"),
            (.text("'; DROP TABLE users; --"), "'; DROP TABLE users; --"), (.text(nil), nil),
            (.json(#"{"b": 1.0, "a":12345678901234567890}"#), #"{"b": 1.0, "a":12345678901234567890}"#),
            (.json(#"{"nul": "\u0000"}"#), #"{"nul": "\u0000"}"#), (.json(nil), nil),
            (
                .uuid(PGUUID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)),
                "01234567-89ab-cdef-fedc-ba9876543210"
            ),
            (.uuid(nil), nil),
            (.timestamptz(microseconds: 0), "1970-01-01 00:00:00+00"),
            (.timestamptz(microseconds: 1_700_000_000_123_456), "2023-11-14 22:13:20.123456+00"),
            (.timestamptz(microseconds: .max), "infinity"), (.timestamptz(microseconds: .min), "-infinity"),
            (.timestamptz(microseconds: -1), "1969-12-31 23:59:59.999999+00"), (.timestamptz(microseconds: nil), nil),
            (.bytea([0, 255, 92]), "\\x00ff5c"), (.bytea([]), "\\x"), (.bytea(nil), nil),
            (.boolArray([true, false]), "{t,f}"), (.boolArray([true, nil]), "{t,NULL}"),
            (.int2Array([1, -2]), "{1,-2}"), (.int2Array([nil, 1]), "{NULL,1}"),
            (.int4Array([1, -2]), "{1,-2}"), (.int4Array([nil]), "{NULL}"), (.int4Array([Int32]()), "{}"),
            (.int8Array([.max, .min]), "{9223372036854775807,-9223372036854775808}"),
            (.int8Array([nil, 3]), "{NULL,3}"),
            (.float8Array([0.5, -1]), "{0.5,-1}"), (.float8Array([0.5, nil]), "{0.5,NULL}"),
            (.textArray(["", "a,b", "NULL", "q\"", "\\", "주문"]), #"{"","a,b","NULL","q\"","\\",주문}"#),
            (.textArray(["a", nil]), "{a,NULL}"), (.textArray([String]()), "{}"),
            (.jsonArray(["1", "{}"]), "{1,\"{}\"}"), (.jsonArray(["null", nil]), #"{"null",NULL}"#),
            (.uuidArray([PGUUID(high: 0, low: 1)]), "{00000000-0000-0000-0000-000000000001}"),
            (.uuidArray([nil]), "{NULL}"),
            (.timestamptzArray(microseconds: [0, .max]), "{\"1970-01-01 00:00:00+00\",infinity}"),
            (.timestamptzArray(microseconds: [nil]), "{NULL}"),
            (.byteaArray([[1], []]), #"{"\\x01","\\x"}"#), (.byteaArray([nil]), "{NULL}"),
        ] as [(PostgresValue, String?)]
    )
    func parameter(value: PostgresValue, text: String?) async throws {
        let connection = try await connect()
        try await connection.execute("SET timezone = 'UTC'")
        let row = try await connection.query(Statement("SELECT $1, $1::text", [value])).only()
        #expect(try row.optionalText(1) == text)
        #expect(try row.isNull(0) == (text == nil))
    }

    @Test func readsEveryScalarType() async throws {
        let connection = try await connect()
        let row =
            try await connection.query(
                """
                SELECT true AS a, 1::int2 AS b, 2::int4 AS c, -3::int8 AS d, 1.5::float8 AS e, 0.25::float4 AS f,
                    'x' AS g, 'y'::varchar AS h, 'z'::name AS i, '{"k" :1}'::json AS j, '{"k" :1}'::jsonb AS k,
                    '01234567-89ab-cdef-fedc-ba9876543210'::uuid AS l, 'epoch'::timestamptz AS m,
                    'infinity'::timestamptz AS n, '-infinity'::timestamptz AS o, '\\x00ff'::bytea AS p, ''::text AS q
                """
            )
            .only()
        #expect(try row.bool("a"))
        #expect(try (row.int("b"), row.int64("c"), row.int(3)) == (1, 2, -3))
        #expect(try (row.double("e"), row.double("f")) == (1.5, 0.25))
        #expect(try (row.text("g"), row.text("h"), row.text("i")) == ("x", "y", "z"))
        #expect(try (row.text("j"), row.text("k")) == ("{\"k\" :1}", "{\"k\": 1}"))
        #expect(try row.uuid("l") == PGUUID("01234567-89ab-cdef-fedc-ba9876543210"))
        #expect(try (row.timestamp("m"), row.timestamp("n"), row.timestamp("o")) == (0, .max, .min))
        #expect(try row.bytes("p") == [0, 255])
        #expect(try row.text("q") == "")
    }

    @Test func readsNulls() async throws {
        let connection = try await connect()
        let row =
            try await connection.query(
                """
                SELECT NULL::bool, NULL::int4, NULL::int8, NULL::float8, NULL::text, NULL::uuid, NULL::timestamptz,
                    NULL::bytea
                """
            )
            .only()
        #expect(try row.optionalBool(0) == nil)
        #expect(try row.optionalInt(1) == nil)
        #expect(try row.optionalInt64(2) == nil)
        #expect(try row.optionalDouble(3) == nil)
        #expect(try row.optionalText(4) == nil)
        #expect(try row.optionalUUID(5) == nil)
        #expect(try row.optionalTimestamp(6) == nil)
        #expect(try row.optionalBytes(7) == nil)
    }

    @Test func readsArrays() async throws {
        let connection = try await connect()
        let row =
            try await connection.query(
                """
                SELECT '{t,f}'::bool[], '{1,2}'::int2[], '{3}'::int4[], '{-4,5}'::int8[], '{0.5}'::float8[],
                    '{"a,b",""}'::text[], '{a,NULL}'::text[], '{1,"[2]"}'::json[],
                    '{01234567-89ab-cdef-fedc-ba9876543210}'::uuid[], '{epoch}'::timestamptz[], '{"\\\\x01"}'::bytea[],
                    '{}'::int8[]
                """
            )
            .only()
        #expect(try row.boolArray(0) == [true, false])
        #expect(try row.intArray(1) == [1, 2])
        #expect(try row.int64Array(2) == [3])
        #expect(try row.int64Array(3) == [-4, 5])
        #expect(try row.doubleArray(4) == [0.5])
        #expect(try row.textArray(5) == ["a,b", ""])
        #expect(try row.textArrayOfOptionals(6) == ["a", nil])
        #expect(try row.textArray(7) == ["1", "[2]"])
        #expect(try row.uuidArray(8) == [#require(PGUUID("01234567-89ab-cdef-fedc-ba9876543210"))])
        #expect(try row.timestampArray(9) == [0])
        #expect(try row.bytesArray(10) == [[1]])
        #expect(try row.intArray(11) == [])
    }

    @Test func readsEnumerations() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TYPE pg_temp.mood AS ENUM ('ok', 'great')")
        let row = try await connection.query("SELECT 'great'::pg_temp.mood").only()
        #expect(try row.text(0) == "great")
    }

    @Test func unnestsListsOfEqualLength() async throws {
        let connection = try await connect()
        let count = 10_000
        let numbers = (0..<count).map(Int64.init)
        let rows = try await connection.query(
            Statement(
                "SELECT n, t FROM unnest($1, $2) AS list (n, t) ORDER BY n",
                [.int8Array(numbers), .textArray(numbers.map { $0 % 3 == 0 ? nil : "row \($0)" })]
            )
        )
        #expect(rows.count == count)
        #expect(try rows[1].int(0) == 1)
        #expect(try rows[9_998].optionalText(1) == "row 9998")
        #expect(try rows[9_999].optionalText(1) == nil)
    }

    @Test("a value of another kind is an error that names the column", arguments: Misreading.all)
    func misread(_ misreading: Misreading) async throws {
        let connection = try await connect()
        let error = await postgresError {
            try misreading.read(try await connection.query(Statement(misreading.sql)).only())
        }
        #expect(error?.kind == .decoding)
        #expect(error?.message == misreading.message)
        #expect(error?.statement == misreading.sql)
    }

    @Test func aRowBeyondTheEndIsAnError() async throws {
        let connection = try await connect()
        let rows = try await connection.query("SELECT 1")
        #expect(throws: PostgresError.self) { try rows[1].int(0) }
        #expect(throws: PostgresError.self) { try rows[-1].int(0) }
    }

    @Test func theServerRefusesWhatItCannotHold() async throws {
        let connection = try await connect()
        let text = await postgresError { try await connection.execute(Statement("SELECT $1", [.text("a\0b")])) }
        #expect(text?.kind == .server(.characterNotInRepertoire))
        let json = await postgresError { try await connection.execute(Statement("SELECT $1", [.json("{")])) }
        #expect(json?.kind == .server(.invalidTextRepresentation))
        let statement = await postgresError { try await connection.execute("SELECT 1\0; DROP TABLE users") }
        #expect(statement?.kind == .decoding)
    }
}

/// A statement, a wrong way to read its row, and what is said about it.
struct Misreading: Sendable, CustomTestStringConvertible {
    let sql: String
    let message: String
    let read: @Sendable (Row) throws -> Void

    var testDescription: String { "\(sql): \(message)" }

    init(_ sql: String, _ message: String, _ read: @escaping @Sendable (Row) throws -> Void) {
        self.sql = sql
        self.message = message
        self.read = read
    }

    static let all = [
        Misreading("SELECT 'x' AS c", "column 0 (\"c\") is text, not integer") { _ = try $0.int(0) },
        Misreading("SELECT 1 AS c", "column 0 (\"c\") is int4, not text") { _ = try $0.text(0) },
        Misreading("SELECT NULL::int8 AS c", "column 0 (\"c\") is null") { _ = try $0.int64("c") },
        Misreading("SELECT 1 AS c", "the result has 1 columns, none at 1") { _ = try $0.int(1) },
        Misreading("SELECT 1 AS c", "the result has 1 columns, none at -1") { _ = try $0.int(-1) },
        Misreading("SELECT 1 AS c", "the result has no column \"d\"") { _ = try $0.int("d") },
        Misreading("SELECT 1 WHERE false", "expected one row, got 0") { _ = try $0.int(0) },
        Misreading("SELECT '{1,NULL}'::int4[] AS c", "column 0 (\"c\") has a null at element 1") {
            _ = try $0.intArray(0)
        },
        Misreading("SELECT '{{1},{2}}'::int4[] AS c", "column 0 (\"c\") has an array of 2 dimensions, not 1") {
            _ = try $0.intArray(0)
        },
        Misreading("SELECT '{1}'::int4[] AS c", "column 0 (\"c\") is int4[], not text[]") { _ = try $0.textArray(0) },
        Misreading("SELECT 1 AS c", "column 0 (\"c\") is int4, not integer[]") { _ = try $0.intArray(0) },
        Misreading("SELECT NULL::int4[] AS c", "column 0 (\"c\") is null") { _ = try $0.intArray(0) },
    ]
}
