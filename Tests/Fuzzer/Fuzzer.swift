import JSON
import StatesLanguage

/// A libFuzzer target: the first byte says whether the rest is JSON or a definition. See `deploy/fuzz`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let kind = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    if kind % 2 == 0 {
        // What was read is read again from what is written.
        guard let value = try? JSONValue(parsing: rest) else { return 0 }
        guard let again = try? JSONValue(parsing: value.text), again == value else {
            fatalError("a value changes when it is written and read")
        }
    } else {
        let definition = Definition(parsing: String(decoding: rest, as: UTF8.self))
        guard (definition.machine == nil) == (definition.refusal != nil) else {
            fatalError("there is a machine and an error, or neither")
        }
    }
    return 0
}

/// The package manager calls a program's beginning by the name of its module. It is libFuzzer's that begins here.
@_cdecl("Fuzzer_main")
public func begin(
    _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments, fuzz)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt
