import Stepwell

struct Order: Decodable {
    var id: String
    var total: Int
}

@main struct Orders {
    static func main() async throws {
        let worker = Worker {
            Function("greet") { (order: Order, context: FunctionContext) in
                "order \(order.id) of \(order.total) won, try \(context.attempt)"
            }
        }
        try await worker.run()
    }
}
