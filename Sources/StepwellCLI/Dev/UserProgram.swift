import ArgumentParser
import Foundation
import ServiceLifecycle

/// A program of the user's that runs beside the server, in the directory where `dev` was called.
struct UserProgram: Service {
    private let program: Program
    private let name: String
    /// Whether its end is what everybody waits for, rather than a fault.
    private let isMeantToEnd: Bool

    init(_ words: [String], _ environment: [String: String], isMeantToEnd: Bool) {
        program = Program(words[0], Array(words.dropFirst()), environment: environment)
        self.name = words[words.count > 2 ? 2 : 0]
        self.isMeantToEnd = isMeantToEnd
    }

    func run() async throws {
        let exit = try await cancelWhenGracefulShutdown { try await program.run() }
        guard !Task.isShuttingDownGracefully && !Task.isCancelled else { return }
        guard isMeantToEnd else {
            throw Failure(.unavailable, "the worker \(exit)", at: name, remedy: "see what it printed above")
        }
        switch exit {
        case .code(0): return
        case .code(let code): throw ExitCode(code)
        case .signal(let number): throw ExitCode(128 + number)
        }
    }
}
