import JSON
import Testing

/// Cases recorded from AWS; the folder is named by `STEPWELL_CONFORMANCE_DIR`.
@Suite(.enabled(if: ConformanceCase.directory != nil, "there are no recorded cases on this machine"))
struct ConformanceTests {
    @Test(arguments: [false, true]) func runsAsRecorded(recordsCallsLate: Bool) throws {
        var (passed, excepted, failed): (Int, Int, [String]) = (0, 0, [])
        let exceptions = try ConformanceExceptions()
        var skipped: [String: Int] = [:]
        for test in try ConformanceCase.all() {
            switch ConformanceRun(test: test, recordsCallsLate: recordsCallsLate).result() {
            case .passed where exceptions.contains(test.id): failed.append("\(test.id): passes, though listed")
            case .passed: passed += 1
            case .failed where exceptions.contains(test.id): excepted += 1
            case .failed(let reason): failed.append("\(test.id): \(reason)")
            case .skipped(let reason): skipped[reason, default: 0] += 1
            }
        }
        let (total, skips) = (passed + excepted + failed.count, skipped.values.reduce(0, +))
        print("conformance: \(passed) of \(total) passed, \(excepted) listed as exceptions; skipped: \(skips)")
        for (reason, count) in skipped.sorted(by: { $0.value > $1.value }) { print("  \(count) × \(reason)") }
        for line in failed { print("  failed: \(line)") }
        #expect(failed.isEmpty)
        #expect(passed > 0)
    }
}
