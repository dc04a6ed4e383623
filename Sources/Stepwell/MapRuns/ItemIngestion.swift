import Interpreter
import Items
import JSON
import StatesLanguage
import Store

/// Reads all items of a map run into the database before children begin: so an object that changes meanwhile, or a
/// worker that dies, never mixes two readings.
struct ItemIngestion {
    typealias Interruption = ItemSink.Interruption

    let engine: Engine
    let interpreter: Interpreter
    let branch: Branch
    let request: MapRun
    let reader: ItemReader?
    private(set) var sink: ItemSink

    init(
        engine: Engine,
        interpreter: Interpreter,
        branch: Branch,
        request: MapRun,
        reader: ItemReader?,
        run: HeldMapRun
    ) {
        self.engine = engine
        self.interpreter = interpreter
        self.branch = branch
        self.request = request
        self.reader = reader
        sink = ItemSink(engine: engine, run: run, maximum: request.maxItems ?? Self.maximumItems)
    }

    /// As many as `MaxItems` may say.
    private static let maximumItems = 100_000_000

    /// - Returns: how many items there are.
    mutating func run() async throws(Interruption) -> Int {
        do throws(Interruption) {
            switch reader?.source {
            case nil: try await readState()
            case .object(let format): try await readObject(format)
            case .listing(let format): try await readListing(format)
            case .query: try await readQuery()
            }
        } catch .enough {
            // What was wanted is there.
        }
        try await sink.finish()
        return sink.count
    }

    private mutating func readState() async throws(Interruption) {
        switch interpreter.items(of: branch) {
        case .failure(let failure): throw .failed(failure)
        case .success(let items):
            let parsed = items.map { ParsedItem(key: $0.key, value: JSONDocument($0.value)) }
            try await sink.add(parsed, source: "STATE_DATA")
        }
    }

    // MARK: Objects

    private mutating func readObject(_ format: ItemFormat) async throws(Interruption) {
        let bucket = try parameter("Bucket")
        let key = try parameter("Key")
        let version = request.readerParameters?["VersionId"]?.string
        let storage = try storage()
        guard case .manifest(let type) = format else {
            return try await read(format, bucket: bucket, key: key, version: version, from: storage)
        }
        let manifest = try await content(bucket: bucket, key: key, version: version, from: storage)
        let list: ManifestReader
        do throws(ItemError) {
            list = try ManifestReader(type: type, bucket: bucket, text: manifest)
        } catch {
            throw .failed(.itemReader("\(error)"))
        }
        for file in list.files {
            try await read(list.format, bucket: file.bucket, key: file.key, version: nil, from: storage)
        }
    }

    private mutating func readListing(_ format: ItemFormat?) async throws(Interruption) {
        let bucket = try parameter("Bucket")
        let prefix = request.readerParameters?["Prefix"]?.string ?? ""
        let storage = try storage()
        var listing: any ListingStream
        do throws(StorageError) {
            listing = try await storage.list(bucket: bucket, prefix: prefix)
        } catch {
            throw interruption(error)
        }
        while let page = try await next(of: &listing) {
            guard let format else {
                let items = page.map { ParsedItem(value: JSONDocument($0.item)) }
                try await sink.add(items, source: "S3://\(bucket)")
                continue
            }
            for object in page {
                try await read(format, bucket: bucket, key: object.key, version: nil, from: storage)
            }
        }
    }

    private func next(of listing: inout any ListingStream) async throws(Interruption) -> [ListedObject]? {
        do throws(StorageError) {
            return try await listing.next()
        } catch {
            throw interruption(error)
        }
    }

    private mutating func read(
        _ format: ItemFormat,
        bucket: String,
        key: String,
        version: String?,
        from storage: any ItemStorage
    ) async throws(Interruption) {
        do {
            guard var parser = try format.parser(maximumItemBytes: engine.limits.payloadBytes) else { return }
            var object = UnpackedObject(try await storage.open(bucket: bucket, key: key, version: version))
            var items: [ParsedItem] = []
            let source = "S3://\(bucket)/\(key)"
            while !parser.isDone, let piece = try await object.next() {
                try parser.feed(piece, into: &items)
                try await sink.add(items, source: source)
                items.removeAll(keepingCapacity: true)
            }
            try parser.finish(into: &items)
            try await sink.add(items, source: source)
        } catch let error as Interruption {
            throw error
        } catch let error as StorageError {
            throw interruption(error)
        } catch {
            throw .failed(.itemReader("\(error)"))
        }
    }

    /// All of an object that is no larger than a payload may be.
    private func content(
        bucket: String,
        key: String,
        version: String?,
        from storage: any ItemStorage
    ) async throws(Interruption) -> [UInt8] {
        do throws(StorageError) {
            var stream = try await storage.open(bucket: bucket, key: key, version: version)
            var bytes: [UInt8] = []
            while let piece = try await stream.next() {
                guard bytes.count + piece.count <= engine.limits.payloadBytes else {
                    throw StorageError("the manifest has more than \(engine.limits.payloadBytes) bytes")
                }
                bytes += piece
            }
            return bytes
        } catch {
            throw interruption(error)
        }
    }

    /// A worker that stops closes its connections: that is no reason for the run to fail.
    private func interruption(_ error: StorageError) -> Interruption {
        engine.isStopping ? .stopping : .failed(.itemReader("\(error)"))
    }

    private func storage() throws(Interruption) -> any ItemStorage {
        guard let storage = engine.facilities.storage else { throw .failed(.itemReader(ItemStorageHelp.missing)) }
        return storage
    }

    private func parameter(_ name: String) throws(Interruption) -> String {
        guard let value = request.readerParameters?[name]?.string, !value.isEmpty else {
            throw .failed(.itemReader("The ItemReader's '\(name)' is missing or no text."))
        }
        return value
    }

    // MARK: Rows

    private mutating func readQuery() async throws(Interruption) {
        let query = try parameter("Query")
        guard let database = engine.facilities.itemDatabase else {
            throw .failed(
                .itemReader(
                    "No database is configured for queries of item readers: set STEPWELL_ITEM_DATABASE_URL for the workers."
                )
            )
        }
        let rows = RowReader(database: database, query: query, arguments: request.readerParameters?["Parameters"])
        do {
            try await rows.read { (items) throws(Interruption) in try await sink.add(items, source: "SQL") }
        } catch let error as Interruption {
            throw error
        } catch {
            throw .failed(.itemReader("The query failed: \(error)"))
        }
    }
}

enum ItemStorageHelp {
    static let missing =
        "No object storage is configured: set STEPWELL_STORAGE_DIRECTORY, or AWS_ENDPOINT_URL_S3, for the workers."
}
