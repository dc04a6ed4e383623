import Store

/// An Amazon resource name of Step Functions, taken apart.
struct ResourceARN: Sendable, Hashable {
    enum Resource: Sendable, Hashable {
        case stateMachine(String)
        /// The machine's name and a version's number.
        case version(String, Int32)
        /// The machine's name and an alias.
        case alias(String, String)
        /// The machine's name and the label of a Distributed Map in it.
        case labeled(String, String)
        case execution(machine: String, name: String)
        /// A child of a Distributed Map.
        case mapChild(machine: String, label: String, id: String)
        case express(machine: String, name: String, id: String)
        case activity(String)
        case mapRun(machine: String, label: String, id: String)
    }

    let text: String
    let resource: Resource
    /// Whether it names region and account of this installation: nothing exists elsewhere.
    let isLocal: Bool

    /// - Throws: `InvalidArn`.
    init(_ text: String, settings: Settings) throws(APIError) {
        guard text.hasPrefix("arn:") else { throw .invalidARN("Invalid ARN prefix: \(text)") }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // PostgreSQL's text has no U+0000, and no resource has it in its name.
        guard parts.count >= 7, parts[1].hasPrefix("aws"), parts[2] == "states", !text.utf8.contains(0) else {
            throw .invalidARN("Invalid ARN: \(text)")
        }
        guard let resource = Resource(type: parts[5], Array(parts[6...])) else {
            throw .invalidARN("Invalid ARN: \(text)")
        }
        self.text = text
        self.resource = resource
        isLocal = parts[3] == settings.region && parts[4] == settings.account
    }

    /// What an error says that expected another kind of resource.
    var wrongType: APIError { .invalidARN("Resource type not valid in this context: \(resource.typeName)") }
}

extension ResourceARN.Resource {
    fileprivate init?(type: String, _ parts: [String]) {
        guard !parts.contains("") else { return nil }
        let (name, label) = parts[0].splitOnce(at: "/")
        switch (type, parts.count, label) {
        case ("stateMachine", 1, nil): self = .stateMachine(name)
        case ("stateMachine", 1, let label?): self = .labeled(name, label)
        case ("stateMachine", 2, nil):
            if let number = Int32(parts[1]), number > 0 {
                self = .version(name, number)
            } else {
                self = .alias(name, parts[1])
            }
        case ("execution", 2, nil): self = .execution(machine: name, name: parts[1])
        case ("execution", 2, let label?): self = .mapChild(machine: name, label: label, id: parts[1])
        case ("express", 3, nil): self = .express(machine: name, name: parts[1], id: parts[2])
        case ("activity", 1, nil): self = .activity(name)
        case ("mapRun", 2, let label?): self = .mapRun(machine: name, label: label, id: parts[1])
        default: return nil
        }
    }

    fileprivate var typeName: String {
        switch self {
        case .stateMachine, .version, .alias, .labeled: "stateMachine"
        case .execution, .mapChild: "execution"
        case .express: "express"
        case .activity: "activity"
        case .mapRun: "mapRun"
        }
    }
}

extension String {
    fileprivate func splitOnce(at separator: Character) -> (String, String?) {
        let parts = split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count == 2 ? parts[1] : nil)
    }
}
