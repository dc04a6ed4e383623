import Stepwell

@main struct OrderWorker {
    static func main() async throws {
        let worker = Worker {
            processOrder
            Fulfillment.functions
        } prepare: { transaction in
            try await Shop.createTables(in: transaction)
        }
        try await worker.run()
    }
}
