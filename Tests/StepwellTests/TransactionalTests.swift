import JSON
import Postgres
import Stepwell
import Store
import Testing

/// Functions whose SQL commits together with their step.
@Suite struct TransactionalTests {
    struct OutOfStock: Error {}

    private func database(_ more: String = "") async throws -> Database {
        let database = try await Database()
        _ = try await database.sql(
            "create table stock (sku text primary key, amount bigint not null check (amount >= 0))"
        )
        _ = try await database.sql("insert into stock values ('tea', 10)")
        try await database.deployTask("reserve", more)
        return database
    }

    private func amount(in database: Database) async throws -> Int {
        try await database.sql("select amount from stock where sku = 'tea'").only().int(0)
    }

    @Test func commitsWithTheStep() async throws {
        let database = try await database()
        let end = try await database.withWorker {
            Function.transactional("reserve") { (quantity: Int, _, transaction) in
                try await transaction.execute("UPDATE stock SET amount = amount - $1", quantity)
                return try await transaction.query("SELECT amount, sku FROM stock")
                    .map {
                        "\(try $0.get("amount", as: Int.self)) \(try $0.get("sku", as: String.self))"
                    }
            }
        } body: {
            try await database.end(of: database.start(input: 3))
        }
        #expect(end.output?.text == #"["7 tea"]"#)
        #expect(try await amount(in: database) == 7)
    }

    @Test func aChainOfTransactionsAndCallsGoesOn() async throws {
        let database = try await database(
            #""Next": "Then"}, "Then": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Task", "Resource": "\#(Database.function("plain"))","#
        )
        let end = try await database.withWorker {
            Function.transactional("reserve") { (quantity: Int, _, transaction) in
                try await transaction.execute("UPDATE stock SET amount = amount - $1", quantity)
            }
            Function("plain") { (event: JSONValue) in event }
        } body: {
            try await database.end(of: database.start(input: 3))
        }
        #expect(end.output?.text == "1")
        #expect(try await amount(in: database) == 7)
    }

    @Test func rollsBackWhatAFailureLeaves() async throws {
        let database = try await database(
            #""Retry": [{"ErrorEquals": ["OutOfStock"], "IntervalSeconds": 1, "MaxAttempts": 1}],"#
        )
        let end = try await database.withWorker {
            Function.transactional("reserve") { (quantity: Int, context, transaction) in
                try await transaction.execute("UPDATE stock SET amount = amount - $1", quantity)
                if context.attempt == 1 { throw OutOfStock() }
                return context.attempt
            }
        } body: {
            try await database.end(of: database.start(input: 3))
        }
        #expect(end.output?.text == "2")
        #expect(try await amount(in: database) == 7)
    }

    @Test func aRefusedStatementFailsTheTask() async throws {
        let database = try await database()
        let end = try await database.withWorker {
            Function.transactional("reserve") { (quantity: Int, _, transaction) in
                try await transaction.execute("UPDATE stock SET amount = amount - $1", quantity)
            }
        } body: {
            try await database.end(of: database.start(input: 30))
        }
        #expect(end.error == "SQLError")
        #expect(end.cause?.contains("stock_amount_check") == true)
        #expect(try await amount(in: database) == 10)
    }

    @Test func anErrorThatTheHandlerSwallowsFailsTheTaskAllTheSame() async throws {
        let database = try await database()
        let end = try await database.withWorker {
            Function.transactional("reserve") { (quantity: Int, _, transaction) in
                _ = try? await transaction.execute("UPDATE stock SET amount = amount - $1", quantity)
                return "fine"
            }
        } body: {
            try await database.end(of: database.start(input: 30))
        }
        #expect(end.error == "SQLError")
        #expect(try await amount(in: database) == 10)
    }

    @Test func whatTheCommitRefusesFailsTheTask() async throws {
        let database = try await database()
        _ = try await database.sql("create table orders (sku text references stock deferrable initially deferred)")
        let end = try await database.withWorker {
            Function.transactional("reserve") { (_: JSONValue, _, transaction) in
                try await transaction.execute("INSERT INTO orders VALUES ('coffee')")
            }
        } body: {
            try await database.end(of: database.start())
        }
        #expect(end.error == "SQLError")
        #expect(end.cause?.contains("orders_sku_fkey") == true)
        #expect(try await database.sql("select 1 from orders").isEmpty)
    }

    @Test func aTimeoutRollsBack() async throws {
        let database = try await database()
        let end = try await database.withWorker {
            Function.transactional("reserve", timeout: .milliseconds(200)) { (quantity: Int, _, transaction) in
                try await transaction.execute("UPDATE stock SET amount = amount - $1", quantity)
                try await transaction.execute("SELECT pg_sleep(3600)")
            }
        } body: {
            try await database.end(of: database.start(input: 3))
        }
        #expect(end.error == "Sandbox.Timedout")
        #expect(try await amount(in: database) == 10)
    }

    @Test func valuesOfEveryTypeGoInAndOut() async throws {
        let database = try await database()
        let end = try await database.withWorker {
            Function.transactional("reserve") { (_: JSONValue, _, transaction) in
                let rows = try await transaction.query(
                    """
                    SELECT $1 AS text, $2 AS integer, $3 AS float, $4 AS flag, $5::json AS json, $6 AS bytes,
                        $7::text AS nothing, $8 AS small
                    """,
                    "한국",
                    42,
                    1.5,
                    true,
                    JSONValue.object(["a": [1]]),
                    [UInt8(1), 2],
                    nil,
                    Int32(7)
                )
                guard let row = rows.first else { return "no row" }
                let bytes = try row.get("bytes", as: [UInt8].self)
                let json: JSONValue = try row.get("json")
                let nothing = try row.getOptional("nothing", as: String.self)
                return """
                    \(try row.get("text", as: String.self)) \(try row.get("integer", as: Int.self)) \
                    \(try row.get("float", as: Double.self)) \(try row.get("flag", as: Bool.self)) \
                    \(json.text) \(bytes) \(nothing ?? "null") \(try row.get("small", as: Int64.self))
                    """
            }
        } body: {
            try await database.end(of: database.start())
        }
        #expect(end.output?.text == #""한국 42 1.5 true {\"a\":[1]} [1, 2] null 7""#)
    }
}
