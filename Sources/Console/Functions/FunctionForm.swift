import Foundation
import Hummingbird
import JSON
import Server
import Store

/// What is set for a function, as it stands in a form and as it is changed.
struct FunctionForm {
    let visit: Visit
    /// Of the function: its versions have what is set for it.
    let name: String

    struct Field {
        let name: String
        let label: String
        let value: String
        let hint: String
    }

    struct Model {
        let address: String
        let fields: [Field]
        /// nil: nothing is set.
        let forget: String?
    }

    private static let action = "UpdateFunctionConfiguration"
    /// What a field may take.
    private static let longest = 300

    private var texts: Texts { visit.texts }

    /// - Returns: nil for whom may not change it.
    func model(_ settings: FunctionSettings?) -> Model? {
        guard visit.may(Self.action, on: name), FunctionSettings.isName(name) else { return nil }
        let address = Address.of(["functions", name, "settings"])
        return Model(
            address: address,
            fields: Self.values(settings ?? FunctionSettings())
                .map { field, value in
                    Field(
                        name: field,
                        label: texts("functions.\(field)"),
                        value: value,
                        hint: texts("functions.\(field)Hint")
                    )
                },
            forget: settings == nil ? nil : Address.of(["functions", name, "forget"])
        )
    }

    private static func values(_ settings: FunctionSettings) -> [(field: String, value: String)] {
        [
            ("reserved", settings.reserved.map(String.init) ?? ""), ("rate", settings.rate?.plainText ?? ""),
            ("fairKey", settings.fairKey ?? ""), ("priority", settings.priority ?? ""),
            ("retries", "\(settings.retries)"), ("maximumAge", SpanField.text(Int64(settings.maximumAge))),
            ("onSuccess", settings.onSuccess?.description ?? ""), ("onFailure", settings.onFailure?.description ?? ""),
        ]
    }

    /// Sets what somebody has changed in the form, and leaves the rest as it is by now.
    func save() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let changes = Self.values(FunctionSettings()).map { $0.field }
            .filter { fields[$0] != nil && fields[$0] != fields["was-\($0)"] }
        let detail = JSONValue.object(
            changes.reduce(into: [:]) { $0[$1] = .string((fields[$1] ?? "").beginning(256)) }
        )
        try await visit.carryOut(Self.action, of: "lambda", on: name, detail: detail) {
            var settings = try await visit.store.functionSettings(name) ?? FunctionSettings()
            for field in changes {
                try set(field, to: (fields[field] ?? "").trimmingCharacters(in: .whitespaces), in: &settings)
            }
            try await visit.store.putFunction(name, settings)
        }
        return .goOn(to: Address.of(["functions", name]))
    }

    /// Lets hold for the function what is usual.
    func forget() async throws -> Response {
        try await visit.carryOut(Self.action, of: "lambda", on: name, detail: ["Forget": true]) {
            try await visit.store.deleteFunction(name)
        }
        return .goOn(to: Address.of(["functions", name]))
    }

    private func set(_ field: String, to text: String, in settings: inout FunctionSettings) throws(APIError) {
        let wrong = APIError.validation(
            texts("functions.wrong", ["field": texts("functions.\(field)"), "hint": texts("functions.\(field)Hint")])
        )
        guard text.utf8.count <= Self.longest else { throw wrong }
        switch field {
        case "reserved":
            settings.reserved = Int(text)
            guard text.isEmpty || settings.reserved != nil else { throw wrong }
        case "rate":
            settings.rate = Double(text)
            guard text.isEmpty || settings.rate != nil else { throw wrong }
        case "fairKey": settings.fairKey = text.isEmpty ? nil : text
        case "priority": settings.priority = text.isEmpty ? nil : text
        case "retries":
            guard let number = Int(text) else { throw wrong }
            settings.retries = number
        case "maximumAge":
            guard let seconds = SpanField.seconds(text) else { throw wrong }
            settings.maximumAge = Int(clamping: seconds)
        default:
            let destination = Destination(text)
            guard text.isEmpty || destination != nil else { throw wrong }
            // Whoever lets a function start something starts it.
            switch destination {
            case .function(let name): try visit.require(.function(name))
            case .stateMachine(let name): try visit.require(.stateMachine(name))
            case nil: break
            }
            if field == "onSuccess" { settings.onSuccess = destination } else { settings.onFailure = destination }
        }
    }
}
