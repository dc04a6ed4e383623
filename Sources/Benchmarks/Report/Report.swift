import Foundation
import JSON

/// The one table that a bench prints.
struct Report {
    enum Value {
        case text(String)
        /// A number and how many decimals of it are shown.
        case number(Double, Int)
        case none

        fileprivate var shown: String {
            switch self {
            case .text(let text): text
            case .number(let number, let decimals): String(format: "%.\(decimals)f", number)
            case .none: "-"
            }
        }

        fileprivate var json: JSONValue {
            switch self {
            case .text(let text): .string(text)
            case .number(let number, _): JSONNumber(number).map(JSONValue.number) ?? .null
            case .none: .null
            }
        }
    }

    let bench: String
    let columns: [String]
    private var rows: [[Value]] = []
    /// Sentences below the table.
    var notes: [String] = []

    init(_ bench: String, columns: [String]) {
        self.bench = bench
        self.columns = columns
    }

    mutating func add(_ row: [Value]) { rows.append(row) }

    func show(json: Bool) {
        print(json ? self.json.text : table)
    }

    private var json: JSONValue {
        [
            "bench": .string(bench),
            "machine": .string(Self.machine),
            "rows": .array(
                rows.map { row in
                    .object(JSONObject(zip(columns, row).map { ($0, $1.json) }))
                }
            ),
            "notes": .array(notes.map { .string($0) }),
        ]
    }

    private var table: String {
        let lines = [columns] + rows.map { $0.map(\.shown) }
        let widths = columns.indices.map { column in lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        let text = lines.map { line in
            line.enumerated()
                .map { column, cell in
                    let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                    return column == 0 ? cell + padding : padding + cell
                }
                .joined(separator: "  ")
        }
        return (["\(bench) on \(Self.machine)", ""] + text + (notes.isEmpty ? [] : [""]) + notes)
            .joined(separator: "\n")
    }

    private static var machine: String {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let information =
            FileManager.default.contents(atPath: "/proc/cpuinfo")
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        return "\(cores) × \(model ?? "unknown processor")"
    }
}
