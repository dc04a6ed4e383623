import Expressions
import JSON

/// The JSONata expressions that are measured, here and with other implementations.
struct JSONataWork {
    let expression: String
    /// Whether it works on the large document; else it sees the variable `$states`.
    let isLarge: Bool

    /// What the fields of a state hold: `Output`, `Arguments`, `Condition`, `Items`.
    static let fields = [
        "$states.input.order.id",
        "$states.input.count > 2 and $states.input.status = 'OK'",
        "$exists($states.result.body) ? $states.result.body : 'none'",
        "'order ' & $states.input.order.id & ' of ' & $states.input.order.customer.name",
        "{'id': $states.input.order.id, 'total': $sum($states.input.order.items.(quantity * price))}",
        "$states.input.order.items[price > 10000].sku",
        "$states.input.order.items.{'sku': sku, 'cost': quantity * price}",
        "$map($states.input.order.items, function($v, $i) { $v.sku & '-' & $i })",
        "$merge([$states.input, {'code': $states.result.statusCode}])",
    ]
    .map { JSONataWork(expression: $0, isLarge: false) }

    /// Mapping and aggregating a document of 1 MB.
    static let aggregations = [
        "$sum(orders.items.(quantity * price))",
        "orders[paid].{'id': id, 'total': $sum(items.(quantity * price))}",
        "orders{customer.tier: $sum(items.quantity)}",
        "$map(orders, function($o) { {'id': $o.id, 'lines': $count($o.items)} })",
        "orders^(>customer.name).id",
    ]
    .map { JSONataWork(expression: $0, isLarge: true) }

    static let states: JSONValue = [
        "input": [
            "order": [
                "id": "1042", "customer": ["name": "Kim", "tier": "gold"],
                "items": [
                    ["sku": "tea", "quantity": 2, "price": 9000], ["sku": "cup", "quantity": 1, "price": 12000],
                    ["sku": "pot", "quantity": 1, "price": 33000],
                ],
            ],
            "count": 3, "status": "OK",
        ],
        "result": ["statusCode": 200, "body": "done"],
    ]

    /// Orders with one to four items each.
    static let document: JSONValue = {
        let tiers = ["gold", "silver", "bronze"]
        var orders: [JSONValue] = []
        var size = 0
        while size < 1_000_000 {
            let number = orders.count
            let items = (0...number % 4)
                .map { item -> JSONValue in
                    let sku = (number * 7 + item * 13) % 200
                    let price = Double((number * 31 + item * 17) % 9_900 + 100) / 100
                    return [
                        "sku": .string("sku-\(sku)"), "quantity": .number(JSONNumber(1 + (number + item) % 8)),
                        "price": .number(JSONNumber(price) ?? JSONNumber(1)),
                    ]
                }
            let order: JSONValue = [
                "id": .string("order-\(number)"),
                "customer": ["name": .string("customer \(number * 37 % 500)"), "tier": .string(tiers[number % 3])],
                "paid": .bool(number % 10 < 7), "items": .array(items),
            ]
            size += order.text.utf8.count + 1
            orders.append(order)
        }
        return ["orders": .array(orders)]
    }()

    /// Microseconds of CPU for one evaluation, once compiled.
    func measure() throws -> Double {
        let compiled = try JSONata(expression)
        let input = isLarge ? Self.document : nil
        let bindings = isLarge ? [:] : ["states": Self.states]
        return try Self.time {
            _ = try compiled.evaluate(input: input, bindings: bindings, environment: Self.environment)
        }
    }

    /// Microseconds of CPU for reading the expression.
    func measureCompilation() throws -> Double { try Self.time { _ = try JSONata(expression) } }

    private static var environment: JSONataEnvironment { JSONataEnvironment(now: Timestamp(microseconds: 0)) }

    /// Microseconds of CPU, from half a second of rounds.
    private static func time(_ body: () throws -> Void) rethrows -> Double {
        for _ in 0..<3 { try body() }
        var rounds = 0
        let start = ProcessTimes.own()
        var used = 0.0
        while used < 0.5 {
            for _ in 0..<10 { try body() }
            rounds += 10
            used = ProcessTimes.own() - start
        }
        return used * 1_000_000 / Double(rounds)
    }
}
