import Stepwell

struct Order: Decodable {
    var id: String
    var total: Int
}

struct NothingToPay: FunctionError {
    var errorMessage: String
}

@main struct Orders {
    static func main() async throws {
        let worker = Worker {
            Function("greet") { (order: Order, context: FunctionContext) in
                guard order.total > 0 else { throw NothingToPay(errorMessage: "order \(order.id)") }
                return "order \(order.id) of \(order.total) won, try \(context.attempt)"
            }
        }
        try await worker.run()
    }
}
