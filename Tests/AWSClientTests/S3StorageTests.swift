import AWSClient
import JSON
import PeerTestSupport
import Synchronization
import Testing

@Suite struct S3StorageTests {
    private typealias Name = S3Storage.Name

    /// Uses a peer that has objects, by `bucket/key`.
    private func withStorage(
        _ objects: [String: String] = [:],
        environment: [String: String] = [:],
        patience: Duration = .seconds(60),
        fault: @escaping @Sendable (PeerRequest) -> PeerReply? = { _ in nil },
        _ body: (S3Storage, S3Peer) async throws -> Void
    ) async throws {
        let peer = try await S3Peer.start(objects, fault: fault)
        let environment = peer.environment.merging(environment) { $1 }
        let client = AWSClient(configuration: try AWSConfiguration(environment: environment))
        let storage = try #require(S3Storage(client: client, patience: patience))
        try await body(storage, peer)
        await storage.close()
        await peer.stop()
    }

    private func outcome(_ body: () async throws(ServiceError) -> Void) async -> String {
        do throws(ServiceError) {
            try await body()
            return "none"
        } catch {
            switch error {
            case .fault(let fault): return "\(fault.status) \(fault.code)"
            case .transport(let error): return "\(error)"
            case .invalidRequest(let reason), .invalidResponse(let reason): return reason
            }
        }
    }

    @Test func objectIsReadInPieces() async throws {
        try await withStorage(["b/a dir/ü": "0123456789"]) { storage, peer in
            let object = Name(bucket: "b", key: "a dir/ü")
            let first = try await storage.read(object, from: 0, count: 7, eTag: nil)
            #expect(String(decoding: first.bytes, as: UTF8.self) == "0123456")
            #expect(first.size == 10)
            let second = try await storage.read(object, from: 7, count: 7, eTag: first.eTag)
            #expect(String(decoding: second.bytes, as: UTF8.self) == "789")
            #expect(peer.requests.map { $0.header("Range") } == ["bytes=0-6", "bytes=7-13"])
        }
    }

    @Test func emptyObjectHasAnEmptyPiece() async throws {
        try await withStorage(["b/k": ""]) { storage, _ in
            let piece = try await storage.read(Name(bucket: "b", key: "k"), from: 0, count: 7, eTag: nil)
            #expect(piece.bytes.isEmpty && piece.size == 0)
        }
    }

    @Test func objectThatChangedIsNotReadOn() async throws {
        try await withStorage(["b/k": "0123456789"]) { storage, _ in
            let code = await outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "k"), from: 5, count: 5, eTag: "\"before\"")
            }
            #expect(code == "412 PreconditionFailed")
        }
    }

    @Test func missingObjectIsNotLookedForAgain() async throws {
        try await withStorage { storage, peer in
            let code = await outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "k", version: "7"), from: 0, count: 5, eTag: nil)
            }
            #expect(code == "404 NoSuchKey")
            #expect(peer.requests.map(\.target) == ["/b/k?versionId=7"])
        }
    }

    @Test func wrongSecretIsRefused() async throws {
        try await withStorage(["b/k": "1"], environment: ["AWS_SECRET_ACCESS_KEY": "guessed"]) { storage, _ in
            let code = await outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "k"), from: 0, count: 5, eTag: nil)
            }
            #expect(code == "403 SignatureDoesNotMatch")
        }
    }

    @Test(arguments: ["cut", "short", "hang up", "busy"])
    func whatBreaksOnceIsTriedAgain(_ kind: String) async throws {
        let isBroken = Mutex(true)
        try await withStorage(["b/k": "0123456789"]) { _ in
            let breaks = isBroken.withLock { broken in
                defer { broken = false }
                return broken
            }
            guard breaks else { return nil }
            let headers = [(name: "Content-Range", value: "bytes 0-9/10")]
            return switch kind {
            case "cut": .cut(status: 206, headers: headers, body: Array("0123".utf8), promised: 10)
            case "short": .answer(status: 206, headers: headers, body: Array("0123".utf8))
            case "hang up": .hangUp
            default: S3Peer.refusal(503, "SlowDown", "Please reduce your request rate.")
            }
        } _: { storage, _ in
            let piece = try await storage.read(Name(bucket: "b", key: "k"), from: 0, count: 10, eTag: nil)
            #expect(String(decoding: piece.bytes, as: UTF8.self) == "0123456789")
        }
    }

    @Test func whatStaysBrokenIsAnError() async throws {
        try await withStorage(["b/k": "0123456789"]) { _ in
            .cut(status: 206, headers: [("Content-Range", "bytes 0-9/10")], body: [48], promised: 10)
        } _: { storage, peer in
            let code = await outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "k"), from: 0, count: 10, eTag: nil)
            }
            #expect(code != "none")
            #expect(peer.requests.count == 4)
        }
    }

    @Test func silenceIsNotWaitedForForever() async throws {
        try await withStorage(["b/k": "1"], patience: .milliseconds(50)) { _ in
            .silence
        } _: { storage, _ in
            let code = await outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "k"), from: 0, count: 10, eTag: nil)
            }
            #expect(code == "no complete answer in time")
        }
    }

    @Test func closingEndsWhatIsOnItsWay() async throws {
        try await withStorage(["b/k": "1"]) { _ in
            .silence
        } _: { storage, peer in
            async let ended = outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "k"), from: 0, count: 10, eTag: nil)
            }
            while peer.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            await storage.close()
            #expect(await ended != "none")
        }
    }

    @Test func serverWithoutRangesIsUsedAsFarAsItGoes() async throws {
        try await withStorage { request in
            .answer(200, [("ETag", "\"e\"")], String(repeating: "x", count: request.path == "/b/small" ? 5 : 100_000))
        } _: { storage, _ in
            let piece = try await storage.read(Name(bucket: "b", key: "small"), from: 0, count: 10, eTag: nil)
            #expect(piece.size == 5)
            let code = await outcome { () throws(ServiceError) in
                _ = try await storage.read(Name(bucket: "b", key: "large"), from: 0, count: 10, eTag: nil)
            }
            #expect(code == "The server does not answer ranges of objects")
        }
    }

    @Test func listingIsPagedAndItsKeysDecoded() async throws {
        let objects = ["b/p/a+b c": "1", "b/p/ü": "22", "b/p/z": "333", "b/q": "4"]
        try await withStorage(objects) { storage, peer in
            var keys: [String] = []
            var token: String?
            repeat {
                let page = try await storage.list(bucket: "b", prefix: "p/", token: token)
                keys += page.objects.compactMap { $0["Key"]?.string }
                token = page.next
            } while token != nil
            #expect(keys == ["p/a+b c", "p/z", "p/ü"])
            #expect(peer.requests.count == 2)
        }
    }

    @Test func objectIsWritten() async throws {
        try await withStorage { storage, peer in
            try await storage.write(Name(bucket: "b", key: "x/y"), Array("[1]".utf8), contentType: "application/json")
            #expect(peer["b/x/y"] == "[1]")
            #expect(peer.requests.first?.header("Content-Type") == "application/json")
        }
    }
}
