import Items

/// The bytes of an object, unpacked where gzip has packed them: S3 writes its inventories like that.
struct UnpackedObject {
    private var stream: any ObjectStream
    private var gunzip: Gunzip?
    private var isAtStart = true

    init(_ stream: any ObjectStream) {
        self.stream = stream
    }

    /// The next piece; nil: that was the last.
    mutating func next() async throws -> [UInt8]? {
        while true {
            if let piece = try gunzip?.next() { return piece }
            guard let piece = try await stream.next() else {
                try gunzip?.finish()
                return nil
            }
            if isAtStart, Gunzip.canRead(piece) { gunzip = try Gunzip() }
            isAtStart = false
            guard let gunzip else { return piece }
            gunzip.load(piece)
        }
    }
}
