import Foundation
import JSON
import Postgres
import StatesLanguage
import Stepwell
import Store
import Testing

/// The example, run as its users run it.
@Suite struct OrderWorkerTests {
    private static let directory =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Sources/OrderWorker/StateMachines"

    /// A database with one of the example's state machines, and the example's worker.
    private func withWorker<Value>(
        _ machine: String,
        _ body: (Database) async throws -> Value
    ) async throws -> Value {
        let database = try await Database()
        let definition = try String(contentsOfFile: "\(Self.directory)/\(machine).asl.json", encoding: .utf8)
        let deployment = try await database.store.deploy(name: machine, definition: definition)
        #expect(deployment.warnings.map(\.message) == [])
        let worker = try await FixtureProcess(
            "order-worker",
            environment: ["DATABASE_URL": database.configuration.conninfo, "STEPWELL_SHUTDOWN_SECONDS": "1"]
        )
        let value: Value
        do {
            value = try await body(database)
        } catch {
            try await worker.end(SIGKILL)
            throw error
        }
        #expect(try await worker.end(SIGTERM) == 0)
        return value
    }

    @Test func processesAnOrderThatSQLStarted() async throws {
        try await withWorker("ProcessOrder") { database in
            let input =
                #"{"body": "{\"id\": \"1042\", \"items\": [{\"sku\": \"tea\", \"quantity\": 2, \"price\": 4500}]}"}"#
            let rows = try await database.sql(
                "select stepwell.start_execution('ProcessOrder', $1, name => 'order-1042')",
                [.json(input)]
            )
            let execution = try rows.only().text(0)
            let end = try await database.end(of: execution)
            #expect(end.status == .succeeded)
            #expect(end.output?.text == #"{"statusCode":200,"body":"{\"message\": \"주문이 처리되었습니다.\"}"}"#)
            #expect(try await database.events(of: execution) == Database.oneTask)
        }
    }

    @Test func aMalformedOrderFailsByName() async throws {
        try await withWorker("ProcessOrder") { database in
            for (body, message) in [
                ("no JSON", "line 1"), (#"{"id": "1"}"#, "items"), (#"{"id": "1", "items": []}"#, "no items"),
                (#"{"id": "1", "items": [{"sku": "tea", "quantity": 0, "price": 1}]}"#, "0 of tea"),
            ] {
                let execution = try await database.start("ProcessOrder", input: ["body": .string(body)])
                let end = try await database.end(of: execution)
                #expect(end.error == "InvalidOrder")
                #expect(end.cause?.contains(message) == true, "\(end.cause ?? "")")
            }
        }
    }

    private func order(_ id: String, _ sku: String, quantity: Int, price: Int = 100) -> JSONValue {
        let item: JSONValue = [
            "sku": .string(sku), "quantity": .number(JSONNumber(quantity)), "price": .number(JSONNumber(price)),
        ]
        return ["id": .string(id), "items": [item], "pickUpInSeconds": 0]
    }

    private func stock(_ sku: String, in database: Database) async throws -> Int {
        try await database.sql("select available from shop.stock where sku = $1", [.text(sku)]).only().int(0)
    }

    @Test func fulfilsAnOrderOrUndoesIt() async throws {
        try await withWorker("OrderFulfillment") { database in
            func run(_ order: JSONValue) async throws -> ExecutionDescription {
                try await database.end(of: try await database.start("OrderFulfillment", input: order))
            }
            let shipped = try await run(order("a", "pot", quantity: 1))
            #expect(shipped.status == .succeeded)
            #expect(try shipped.output?.value()["shipment"]?["trackingNumber"] == "SW-a")
            #expect(try await stock("pot", in: database) == 2)

            #expect(try await run(order("b", "pot", quantity: 3)).error == "OutOfStock")
            #expect(try await stock("pot", in: database) == 2)

            #expect(try await run(order("c", "tea", quantity: 1, price: 2_000_000)).error == "PaymentDeclined")
            #expect(try await run(order("d", "tea", quantity: 500)).error == "ItemRefused")
            #expect(try await run(order("", "tea", quantity: 1)).error == "InvalidOrder")
            #expect(try await run(["id": 7]).error == "Runtime.UnmarshalError")
            #expect(try await stock("tea", in: database) == 1_000_000)
            let reserved = try await database.sql("select id from shop.orders where status = 'reserved'")
            #expect(try reserved.map { try $0.text(0) } == ["a"])
        }
    }
}
