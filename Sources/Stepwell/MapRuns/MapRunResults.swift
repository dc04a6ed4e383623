import Interpreter
import JSON
import StatesLanguage
import Store

/// Gathers the results of a map run, page by page: into an array, or into objects.
struct MapRunResults {
    struct Gathered {
        var output: JSONDocument
        /// How many results were exported.
        var written: Int
    }

    private static let page = 500

    let engine: Engine
    let run: HeldMapRun
    let request: MapRun
    let writer: ResultWriter?
    let state: String

    /// - Parameters:
    ///   - children: how many there are.
    ///   - pending: items that no child has got; nil: there are none.
    func gather(children: Int, pending: Range<Int>?) async throws(StoreError) -> Result<Gathered, MapRunFailure> {
        guard let parameters = request.writerParameters else { return try await array(children: children) }
        guard let storage = engine.facilities.storage else { return .failure(.resultWriter(ItemStorageHelp.missing)) }
        guard let bucket = parameters["Bucket"]?.string, !bucket.isEmpty else {
            return .failure(.resultWriter("The ResultWriter's 'Bucket' is missing or no text."))
        }
        let prefix = parameters["Prefix"]?.string ?? ""
        var export = ResultExport(
            storage: storage,
            bucket: bucket,
            directory: prefix.isEmpty ? request.id : "\(prefix)/\(request.id)",
            outputType: writer?.outputType ?? .json
        )
        do throws(StorageError) {
            for first in stride(from: 0, to: children, by: Self.page) {
                for result in try await page(first, children) {
                    let isSuccess = result.status == .succeeded
                    for text in texts(of: result) {
                        try await export.add(text, to: isSuccess ? .succeeded : .failed)
                    }
                }
            }
            if let pending { try await add(pending, to: &export) }
            let manifest = try await export.finish(mapRunARN: request.arn)
            let output: JSONValue = [
                "MapRunArn": .string(request.arn),
                "ResultWriterDetails": ["Bucket": .string(bucket), "Key": .string(manifest)],
            ]
            return .success(Gathered(output: JSONDocument(output), written: children))
        } catch {
            return .failure(.resultWriter("\(error)"))
        }
    }

    private func array(children: Int) async throws(StoreError) -> Result<Gathered, MapRunFailure> {
        var text = "["
        for first in stride(from: 0, to: children, by: Self.page) {
            for result in try await engine.facilities.postgres.mapRunResults(
                run.id,
                indexes: first..<min(children, first + Self.page),
                describesAll: writer?.transformation == .described
            ) {
                for part in texts(of: result) {
                    if text.utf8.count > 1 { text += "," }
                    text += part
                    guard text.utf8.count <= engine.limits.payloadBytes else {
                        return .failure(.resultTooLarge(state: state))
                    }
                }
            }
        }
        return .success(Gathered(output: JSONDocument(trusted: text + "]"), written: 0))
    }

    /// What stands for a child. One that failed is described whatever the transformation.
    private func texts(of result: ChildResult) -> [String] {
        let transformation = writer?.transformation ?? .compact
        if result.status != .succeeded || transformation == .described { return [(result.description ?? .null).text] }
        guard let output = result.output else { return ["null"] }
        guard transformation == .flatten, let elements = (try? output.value())?.array else {
            return [output.compactText]
        }
        return elements.map(\.text)
    }

    private func page(_ first: Int, _ children: Int) async throws(StorageError) -> [ChildResult] {
        do throws(StoreError) {
            return try await engine.facilities.postgres.mapRunResults(
                run.id,
                indexes: first..<min(children, first + Self.page),
                describesAll: writer?.transformation != .compact && writer?.transformation != .flatten
            )
        } catch {
            throw StorageError("the results can't be read: \(error)")
        }
    }

    private func add(_ pending: Range<Int>, to export: inout ResultExport) async throws(StorageError) {
        var next = pending.lowerBound
        while next < pending.upperBound {
            let items: [MapItem]
            do throws(StoreError) {
                items = try await engine.facilities.postgres.mapRunItems(run, from: next, limit: Self.page)
            } catch {
                throw StorageError("the items can't be read: \(error)")
            }
            guard !items.isEmpty else { return }
            next += items.count
            for item in items {
                let line: JSONValue = [
                    "Input": .string(item.value.text), "InputDetails": ["Included": true], "Status": "PENDING",
                ]
                try await export.add(line.text, to: .pending)
            }
        }
    }
}
