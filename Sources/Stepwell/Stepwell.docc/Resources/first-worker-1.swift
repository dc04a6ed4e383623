import Stepwell

@main struct Orders {
    static func main() async throws {
        let worker = Worker()
        try await worker.run()
    }
}
