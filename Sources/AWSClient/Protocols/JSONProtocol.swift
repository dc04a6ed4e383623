import Expressions
import JSON

/// AWS JSON 1.0 and 1.1.
///
/// Without a model of every operation, the members of requests and responses are known by their form: Step Functions
/// shows all with a large first letter, and times as text where the protocol has seconds since 1970.
struct JSONProtocol {
    let service: AWSService
    let version: String
    let target: String

    func request(_ action: String, _ parameters: JSONObject, to endpoint: Endpoint) -> OutgoingRequest {
        let body = service.hasSmallMembers ? MemberCase(service).written(.object(parameters)) : .object(parameters)
        return OutgoingRequest(
            method: "POST",
            endpoint: endpoint,
            headers: [
                ("Content-Type", "application/x-amz-json-\(version)"),
                ("X-Amz-Target", "\(target).\(action)"),
            ],
            body: Array(MemberTimes.written(body).text.utf8)
        )
    }

    func output(_ response: IncomingResponse) throws(ServiceError) -> JSONObject {
        guard !response.body.isEmpty else { return [:] }
        guard let value = try? JSONValue(parsing: String(decoding: response.body, as: UTF8.self)),
            case .object(let object) = value
        else { throw .invalidResponse("\(service.id) answered what is not a JSON object") }
        let shown = service.hasSmallMembers ? MemberCase(service).shown(.object(object)) : .object(object)
        return MemberTimes.shown(shown).object ?? [:]
    }
}

/// The first letters of members. Keys of maps are the user's own and stay.
struct MemberCase {
    private let maps: Set<String>

    init(_ service: AWSService) { maps = service.maps }

    func written(_ value: JSONValue) -> JSONValue { convert(value) { $0.prefix(1).lowercased() + $0.dropFirst() } }

    func shown(_ value: JSONValue) -> JSONValue { convert(value) { $0.prefix(1).uppercased() + $0.dropFirst() } }

    private func convert(_ value: JSONValue, _ name: (String) -> String) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map { convert($0, name) })
        case .object(let object):
            return .object(
                JSONObject(
                    object.map { member in
                        let small = member.key.prefix(1).lowercased() + member.key.dropFirst()
                        guard maps.contains(small), case .object(let map) = member.value else {
                            return (name(member.key), convert(member.value, name))
                        }
                        return (name(member.key), .object(JSONObject(map.map { ($0.key, convert($0.value, name)) })))
                    }
                )
            )
        default: return value
        }
    }
}

/// Members that are times. The name tells, and so does the value: a number of seconds that is a date of this age.
enum MemberTimes {
    private static let endings = ["Date", "Time", "At", "Timestamp", "date", "time", "timestamp"]
    /// From 1980 to 2100: a duration is less, milliseconds are more.
    private static let plausible = 315_532_800.0...4_102_444_800.0

    static func shown(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map(shown))
        case .object(let object):
            return .object(
                JSONObject(
                    object.map { member in
                        guard case .number(let number) = member.value, isTime(member.key),
                            plausible.contains(number.double)
                        else { return (member.key, shown(member.value)) }
                        let time = Timestamp(microseconds: 0).adding(seconds: number.double)
                        return (member.key, .string(time.description))
                    }
                )
            )
        default: return value
        }
    }

    /// Only the members of the request itself and of items in its lists: what lies deeper may be a map of the user's.
    static func written(_ value: JSONValue) -> JSONValue {
        guard case .object(let object) = value else { return value }
        return .object(
            JSONObject(
                object.map { member in
                    if case .array(let items) = member.value { return (member.key, .array(items.map(written))) }
                    guard isTime(member.key), let time = member.value.string.flatMap({ Timestamp($0) }),
                        let seconds = JSONNumber(Double(time.epochMilliseconds) / 1_000)
                    else { return (member.key, member.value) }
                    return (member.key, .number(seconds))
                }
            )
        )
    }

    private static func isTime(_ name: String) -> Bool { endings.contains { name.hasSuffix($0) } }
}
