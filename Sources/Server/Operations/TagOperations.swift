import JSON
import Store

/// Tags of state machines and activities.
enum TagOperations {
    static let all = [tag, untag, list]

    private static let tag = Operation(
        "TagResource",
        about: .arn("resourceArn"),
        [.required("resourceArn", Constraints.arn), .required("tags", Constraints.tags)]
    ) { call in
        let tags = try tags(call.arguments)
        let resource = try await resource(call)
        guard try await call.store.addTags(tags, to: resource) else {
            throw tooMany(try call.arguments.required("resourceArn"))
        }
        return [:]
    }

    private static let untag = Operation(
        "UntagResource",
        about: .arn("resourceArn"),
        [.required("resourceArn", Constraints.arn), .required("tagKeys", .list(of: .text(1...128)))]
    ) { call in
        let keys = (call.arguments.list("tagKeys") ?? []).compactMap(\.string).filter { !$0.utf8.contains(0) }
        try await call.store.removeTags(keys, from: try await resource(call))
        return [:]
    }

    private static let list = Operation(
        "ListTagsForResource",
        about: .arn("resourceArn"),
        [.required("resourceArn", Constraints.arn)]
    ) { call in
        let tags = try await call.store.tags(of: try await resource(call))
        return ["tags": .array(tags.map { ["key": .string($0.key), "value": .string($0.value)] })]
    }

    /// The `tags` of a request.
    ///
    /// - Throws: `TooManyTags`; `ValidationException` for characters that no tag may have.
    static func tags(_ arguments: Arguments) throws(APIError) -> [Tag] {
        let tags = (arguments.list("tags") ?? [])
            .map {
                Tag(key: $0["key"]?.string ?? "", value: $0["value"]?.string ?? "")
            }
        for tag in tags {
            guard !tag.key.isEmpty, isAllowed(tag.key), isAllowed(tag.value) else {
                throw .validation("Tag keys and values have letters, digits, white space and _.:/=+-@ in them")
            }
        }
        guard Set(tags.map(\.key)).count <= Store.maximumTagCount else {
            throw tooMany(arguments.text("resourceArn") ?? arguments.text("name") ?? "")
        }
        return tags
    }

    private static func isAllowed(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == " "
                || "_.:/=+-@".unicodeScalars.contains(scalar)
        }
    }

    private static func tooMany(_ resource: String) -> APIError {
        APIError("TooManyTags", "A resource has at most 50 tags: '\(resource)'", resourceName: resource)
    }

    /// The key under which the tags of the resource are kept, if there is such a resource.
    private static func resource(_ call: Call) async throws -> String {
        let arn = try call.arn("resourceArn")
        guard arn.isLocal else { throw APIError.resourceNotFound(arn.text) }
        switch arn.resource {
        case .stateMachine(let name):
            guard try await call.store.machineDetails(name) != nil else { throw APIError.resourceNotFound(arn.text) }
            return "stateMachine:\(name)"
        case .activity(let name):
            do {
                _ = try await call.store.activity(name)
            } catch StoreError.activityDoesNotExist {
                throw APIError.resourceNotFound(arn.text)
            }
            return "activity:\(name)"
        default: throw APIError.resourceNotFound(arn.text)
        }
    }
}
