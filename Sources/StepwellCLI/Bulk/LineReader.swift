import Foundation

/// Reads a file line by line, with no more of it in memory than one line and what was read ahead.
struct LineReader {
    struct Line {
        /// Counted from 1.
        let number: Int
        /// nil: it is longer than a line may be, and was skipped.
        let bytes: Data?
    }

    private static let chunk = 1 << 16

    private let file: FileHandle
    private let place: String
    private let longest: Int
    private var buffer = Data()
    private var number = 0
    private var isAtEnd = false

    /// How much has been read so far.
    private(set) var bytesRead = 0
    /// How much there is; nil: nobody knows, as with a pipe.
    let size: Int?

    /// - Parameters:
    ///   - file: its name; `-` is standard input.
    ///   - longest: the most bytes that a line may have.
    init(_ file: String, longest: Int) throws(Failure) {
        self.longest = longest
        place = file == "-" ? "<stdin>" : file
        if file == "-" {
            self.file = .standardInput
        } else if let handle = FileHandle(forReadingAtPath: file) {
            self.file = handle
        } else {
            let isThere = FileManager.default.fileExists(atPath: file)
            throw Failure(.refused, isThere ? "the file can't be read" : "there is no such file", at: file)
        }
        var status = stat()
        let isRegular = fstat(self.file.fileDescriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isRegular ? Int(status.st_size) : nil
    }

    /// The next line, without its end; nil: there are no more.
    mutating func next() throws(Failure) -> Line? {
        var isTooLong = false
        var searched = 0
        while true {
            let rest = buffer.dropFirst(searched)
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = buffer[..<end]
                buffer = buffer[(end + 1)...]
                return take(line, isTooLong: isTooLong)
            }
            if isAtEnd {
                guard isTooLong || !buffer.isEmpty else { return nil }
                let line = buffer
                buffer = Data()
                return take(line, isTooLong: isTooLong)
            }
            searched = buffer.count
            if searched > longest {
                isTooLong = true
                buffer = Data()
                searched = 0
            }
            try readOn()
        }
    }

    private mutating func readOn() throws(Failure) {
        let read: Data
        do {
            read = try file.read(upToCount: Self.chunk) ?? Data()
        } catch {
            throw Failure(.refused, "the file can't be read", at: place)
        }
        bytesRead += read.count
        if read.isEmpty { isAtEnd = true } else { buffer = Data(buffer) + read }
    }

    private mutating func take(_ line: Data, isTooLong: Bool) -> Line {
        number += 1
        guard !isTooLong, line.count <= longest else { return Line(number: number, bytes: nil) }
        return Line(number: number, bytes: line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
}
