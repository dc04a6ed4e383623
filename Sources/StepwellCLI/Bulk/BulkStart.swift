import Foundation
import JSON
import StatesLanguage
import Store

/// Starts an execution for every line of a file. What was started before stays as it is, so that a run that was
/// interrupted is gone on with by running it again.
struct BulkStart {
    /// What is sent at once.
    private static let batch = (requests: 500, bytes: 4 << 20)

    let stateMachine: String
    let names: NameTemplate
    /// JSON lines; `-` is standard input.
    let file: String

    private var place: String { file == "-" ? "<stdin>" : file }

    /// What has come of the lines so far.
    struct Tally {
        var started = 0
        /// Started before, with the same name and input.
        var existing = 0
        /// Lines that can't be started.
        var refused = 0

        var summary: String {
            ["started \(started)", existing > 0 ? "\(existing) were there already" : nil]
                .compactMap(\.self).joined(separator: ", ") + (refused > 0 ? ", \(refused) refused" : "")
        }

        var json: JSONValue {
            [
                "started": .number(JSONNumber(started)), "existing": .number(JSONNumber(existing)),
                "refused": .number(JSONNumber(refused)),
            ]
        }
    }

    private struct Pending {
        let line: Int
        let request: StartRequest
    }

    private struct Run {
        var tally = Tally()
        var progress = ProgressLine()
    }

    /// - Throws: `Failure` for what concerns every line; a line by itself is reported and passed over.
    func run(_ store: Store) async throws -> Tally {
        var lines = try LineReader(file, longest: store.settings.payloadBytes)
        var run = Run()
        var pending: [Pending] = []
        var bytes = 0
        do {
            while let line = try lines.next() {
                guard let start = read(line, &run) else { continue }
                pending.append(start)
                bytes += line.bytes?.count ?? 0
                guard pending.count >= Self.batch.requests || bytes >= Self.batch.bytes else { continue }
                try await send(pending, to: store, &run)
                pending = []
                bytes = 0
                let fraction = lines.size.map { Double(lines.bytesRead) / Double(max($0, 1)) }
                run.progress.show(fraction, run.tally.summary)
            }
            try await send(pending, to: store, &run)
        } catch {
            run.progress.clear()
            Console.note("\(run.tally.summary); run the same again to go on")
            throw error
        }
        run.progress.clear()
        return run.tally
    }

    /// What a line asks for; nil: nothing, or nothing that can be done.
    private func read(_ line: LineReader.Line, _ run: inout Run) -> Pending? {
        do throws(Failure) {
            guard let bytes = line.bytes else {
                throw Failure(.refused, "the line is longer than an input may be")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Failure(.refused, "the line is not UTF-8 text")
            }
            guard text.contains(where: { !$0.isWhitespace }) else { return nil }
            let input: (document: JSONDocument, value: JSONValue)
            do throws(JSONSyntaxError) {
                let document = try JSONDocument(parsing: text)
                input = (document, try document.value())
            } catch {
                throw Failure(.refused, "the line is not JSON: \(error.reason), column \(error.column)")
            }
            let name = try names.name(of: input.value, line: line.number)
            let request = StartRequest(stateMachine: stateMachine, name: name, input: input.document)
            return Pending(line: line.number, request: request)
        } catch {
            refuse(line.number, error.message, &run)
            return nil
        }
    }

    private func send(_ pending: [Pending], to store: Store, _ run: inout Run) async throws {
        guard !pending.isEmpty else { return }
        var taken: [Pending] = []
        let results = await store.startExecutions(pending.map(\.request))
        for (start, result) in zip(pending, results) {
            switch result {
            case .success(let started) where started.isNew: run.tally.started += 1
            case .success: run.tally.existing += 1
            case .failure(.executionAlreadyExists): taken.append(start)
            case .failure(let error) where error.concernsOneStart: refuse(start.line, "\(error)", &run)
            case .failure(let error): throw error
            }
        }
        // Those that have ended since they were started, and those that are something else.
        let same = try await store.haveInputs(of: taken.map(\.request))
        for (start, isSame) in zip(taken, same) {
            if isSame {
                run.tally.existing += 1
            } else {
                refuse(start.line, "execution '\(start.request.name)' is there with another input", &run)
            }
        }
    }

    private func refuse(_ line: Int, _ reason: String, _ run: inout Run) {
        run.tally.refused += 1
        run.progress.clear()
        Console.note("\(Style.errors(.bad, "error:")) \(place.printable):\(line): \(reason.printable)")
    }
}

extension StoreError {
    /// Whether others of the same batch may well be started.
    fileprivate var concernsOneStart: Bool {
        switch self {
        case .invalidName, .invalidInput, .validation: true
        default: false
        }
    }
}
