import Interpreter
import StatesLanguage
import Store
import Synchronization

/// What the versions and aliases behind the names of functions mean, as it was within the last second.
final class FunctionDirectory: Sendable {
    private struct Entry: Sendable {
        var qualifiers: FunctionQualifiers
        var readAt: ContinuousClock.Instant
    }

    private static let lifetime: Duration = .seconds(1)
    private static let mostEntries = 1_000

    private let store: Store
    private let surroundings: any Surroundings
    private let entries = Mutex<[String: Entry]>([:])

    init(store: Store, surroundings: any Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// - Parameter key: what is alike for every attempt at the call.
    func meaning(
        of qualifier: String,
        behind function: String,
        for key: String
    ) async throws(StoreError) -> FunctionQualifiers.Meaning {
        let now = surroundings.now
        if let entry = entries.withLock({ $0[function] }), entry.readAt.duration(to: now) < Self.lifetime,
            // What is not known yet may just have been made.
            case let meaning = entry.qualifiers.meaning(of: qualifier, for: key), meaning != .unknown
        {
            return meaning
        }
        let qualifiers = try await store.functionQualifiers(of: function)
        entries.withLock { entries in
            if entries.count >= Self.mostEntries { entries = [:] }
            entries[function] = Entry(qualifiers: qualifiers, readAt: now)
        }
        return qualifiers.meaning(of: qualifier, for: key)
    }
}

/// Which function a call is for.
enum FunctionTarget {
    /// One that workers offer under this name.
    case offered(as: String, version: String)
    /// What the call comes to: there is no such version and no such alias.
    case missing(Outcome)
}

extension Engine {
    /// Looks up what the qualifier of a call means.
    ///
    /// - Parameter key: what is alike for every attempt at the call.
    func target(of call: FunctionCall, for key: String) async throws(StoreError) -> FunctionTarget {
        guard let qualifier = call.qualifier else {
            return .offered(as: call.function, version: FunctionReference.latest)
        }
        let meaning = try await directory.meaning(of: qualifier, behind: call.function, for: key)
        switch meaning {
        case .latest: return .offered(as: call.function, version: meaning.executedVersion)
        case .version(let number): return .offered(as: "\(call.function):\(number)", version: meaning.executedVersion)
        case .unknown:
            // Lambda's endpoint may have it.
            guard services.lambda == nil else {
                return .offered(as: "\(call.function):\(qualifier)", version: qualifier)
            }
            let cause =
                "Function not found: \(arn(of: call)) (Service: AWSLambda; Status Code: 404; Error Code: "
                + "ResourceNotFoundException; Request ID: \(nextRequestID()); Proxy: null)"
            return .missing(.failed(error: "Lambda.ResourceNotFoundException", cause: cause))
        }
    }
}
