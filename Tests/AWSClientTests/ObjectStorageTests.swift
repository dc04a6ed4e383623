import AWSClient
import JSON
import PeerTestSupport
import Testing

@Suite struct ObjectStorageTests {
    private func withStorage(
        _ answer: @escaping @Sendable (PeerRequest) -> PeerReply,
        _ body: (S3Storage) async throws -> Void
    ) async throws -> [PeerRequest] {
        let server = try await LoopbackServer.start(answer)
        let client = AWSClient(
            configuration: try AWSConfiguration(environment: ["AWS_ENDPOINT_URL_S3": server.url])
        )
        try await body(S3Storage(client: client))
        await client.close()
        await server.stop()
        return server.requests
    }

    @Test func objectComesInPieces() async throws {
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        _ = try await withStorage { _ in
            .answer(status: 200, headers: [], body: content)
        } _: { storage in
            let object = try await storage.open(bucket: "b", key: "k", version: nil)
            #expect(object.size == content.count)
            var read: [UInt8] = []
            var pieces = 0
            for try await piece in object.body {
                read += piece
                pieces += 1
            }
            #expect(read == content)
            #expect(pieces > 1)
        }
    }

    @Test func missingObjectIsAFault() async throws {
        _ = try await withStorage { _ in
            .answer(404, [], "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
        } _: { storage in
            do {
                _ = try await storage.open(bucket: "b", key: "k", version: "7")
                Issue.record("the object should be missing")
            } catch {
                guard case .fault(let fault) = error as? ServiceError else {
                    Issue.record("\(error)")
                    return
                }
                #expect(fault.code == "NoSuchKey")
            }
        }
    }

    @Test func listingIsPaged() async throws {
        let requests = try await withStorage { request in
            request.target.contains("continuation-token=n%2B1")
                ? .answer(200, [], "<R><IsTruncated>false</IsTruncated><Contents><Key>b</Key></Contents></R>")
                : .answer(
                    200,
                    [],
                    "<R><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents>"
                        + "<NextContinuationToken>n+1</NextContinuationToken></R>"
                )
        } _: { storage in
            let first = try await storage.list(bucket: "b", prefix: "p", token: nil, limit: 1)
            #expect(first.objects.map { $0["Key"]?.string } == ["a"])
            let second = try await storage.list(bucket: "b", prefix: "p", token: first.next, limit: 1)
            #expect(second.objects.map { $0["Key"]?.string } == ["b"])
            #expect(second.next == nil)
        }
        #expect(requests.count == 2)
    }

    @Test func objectIsWritten() async throws {
        let requests = try await withStorage { _ in
            .answer(200, [], "")
        } _: { storage in
            try await storage.put(bucket: "b", key: "x/y", body: [1, 2, 255], contentType: "application/json")
        }
        #expect(requests.first?.method == "PUT")
        #expect(requests.first?.target == "/b/x/y")
        #expect(requests.first?.body == [1, 2, 255])
        #expect(requests.first?.header("Content-Type") == "application/json")
    }
}
