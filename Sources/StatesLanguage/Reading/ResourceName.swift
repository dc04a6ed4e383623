/// What an ARN in a `Resource` names.
enum ResourceName {
    case function(FunctionReference)
    case activity(name: String)
    /// A service's action, with `sync`, `sync:2` or `waitForTaskToken` behind it.
    case integration(service: String, action: String, pattern: String?)
    /// A service integration that does not exist.
    case unknownIntegration
    /// An ARN, but not of anything that a Task can call.
    case other

    /// nil when the text is not an ARN.
    init?(_ arn: String) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", Self.isPartition(parts[1]), !parts[2].isEmpty, !parts[5].isEmpty,
            parts.allSatisfy({ $0.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F } })
        else { return nil }
        let resource = parts[5].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch (parts[2], resource.first) {
        case ("lambda", "function"):
            guard (2...3).contains(resource.count), resource.dropFirst().allSatisfy(Self.isFunctionName) else {
                return nil
            }
            self = .function(FunctionReference(name: resource[1], qualifier: resource.count == 3 ? resource[2] : nil))
        case ("states", "activity") where !parts[3].isEmpty && !parts[4].isEmpty:
            guard resource.count == 2, !resource[1].isEmpty else { return nil }
            self = .activity(name: resource[1])
        case ("states", _) where parts[3].isEmpty && parts[4].isEmpty: self = Self.integration(resource)
        default: self = .other
        }
    }

    private static func integration(_ resource: [String]) -> ResourceName {
        if resource.first == "aws-sdk" {
            guard resource.count == 3, !resource[1].isEmpty else { return .unknownIntegration }
            let (action, pattern) = split(resource[2])
            guard action.utf8.first.map({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) == true,
                pattern == nil || pattern == "waitForTaskToken"
            else { return .unknownIntegration }
            return .integration(service: "aws-sdk:\(resource[1])", action: action, pattern: pattern)
        }
        // The colon of `.sync:2` splits the last part.
        guard resource.count == 2 || (resource.count == 3 && resource[1].hasSuffix(".sync")) else {
            return .unknownIntegration
        }
        let (action, pattern) = split(resource.dropFirst().joined(separator: ":"))
        guard let known = ServiceIntegrations.known[resource[0]]?[action],
            pattern.map({ known.contains($0) }) ?? true
        else { return .unknownIntegration }
        return .integration(service: resource[0], action: action, pattern: pattern)
    }

    private static func split(_ text: String) -> (action: String, pattern: String?) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count == 2 ? parts[1] : nil)
    }

    private static func isPartition(_ text: String) -> Bool {
        text == "aws" || (text.hasPrefix("aws-") && text.utf8.allSatisfy { $0 == 0x2D || ($0 | 0x20) == $0 })
    }

    private static func isFunctionName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(FunctionReference.isPartOfName)
    }
}
