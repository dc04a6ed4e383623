import Hummingbird
import JSON
import Server
import StatesLanguage
import Store

/// Where a definition is written: with what is wrong beside its lines, its graph, and its states tried out.
struct MachineEditor {
    let visit: Visit
    /// nil: of a state machine that is to be.
    let name: String?

    private struct Model {
        let name: String?
        let newName: String
        let address: String
        let back: String
        let script: String
        let draftAddress: String
        let isExpress: Bool
        let type: String
        /// What the text that is changed was: nobody's change is undone unseen.
        let revision: String
        let definition: String
        let draft: Draft
        let publishes: Bool
        let description: String
        let maySave: Bool
        let mayCheck: Bool
        let mayTest: Bool
        let test: StateTest.Form
        let outcome: StateTest.Outcome?
        let error: String?
    }

    /// What is in the database, if the state machine is there.
    private struct Stored {
        let type: MachineType
        let definition: String
        let revision: String

        init(_ details: MachineDetails) {
            (type, definition) = (details.type, details.definition)
            revision = details.revisionID ?? "INITIAL"
        }
    }

    private static let example = """
        {
          "StartAt": "Hello",
          "States": {
            "Hello": {
              "Type": "Pass",
              "End": true
            }
          }
        }
        """

    private var maySave: Bool {
        guard let name else { return visit.caller?.may("CreateStateMachine") ?? false }
        return visit.may("UpdateStateMachine", on: name)
    }

    private var mayCheck: Bool { visit.caller?.may("ValidateStateMachineDefinition") ?? false }

    private var address: String {
        name.map { Address.of(["machines", $0, "edit"]) } ?? Address.of(["new", "machine"])
    }

    /// - Throws: unless they may see it, and it is there.
    private func stored() async throws -> Stored? {
        guard let name else { return nil }
        try visit.require("DescribeStateMachine", on: name)
        guard let details = try await visit.store.machineDetails(name) else {
            throw APIError("NotFound", visit.texts("machines.missing", ["name": name]), status: 404)
        }
        return Stored(details)
    }

    func answer() async throws -> Response {
        try await page(Fields(""), stored())
    }

    /// What the form asks for: a check, a test of a state, or that it is saved.
    func act() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let stored = try await stored()
        switch fields["do"] {
        case "save": return try await save(fields, stored)
        case "test":
            let outcome = try await StateTest(visit: visit, fields: fields).run()
            return visit.isFromScript
                ? visit.piece("stateTest", outcome) : try await page(fields, stored, outcome: outcome)
        default:
            guard mayCheck else { throw APIError.mayNotCheck }
            return try await page(fields, stored)
        }
    }

    /// What there is to say of a draft while somebody writes: for the script of the page.
    static func check(_ visit: Visit) async throws -> Response {
        guard MachineEditor(visit: visit, name: nil).mayCheck else { throw APIError.mayNotCheck }
        let fields = try await RequestBody.fields(of: visit.request)
        let type = MachineType(rawValue: fields["type"] ?? "") ?? .standard
        return visit.piece("draft", await Draft.read(fields.text("definition"), type: type, visit))
    }

    private func page(
        _ fields: Fields,
        _ stored: Stored?,
        outcome: StateTest.Outcome? = nil,
        refusal: APIError? = nil
    ) async throws -> Response {
        let definition = fields["definition"] == nil ? stored?.definition ?? Self.example : fields.text("definition")
        let type = stored?.type ?? MachineType(rawValue: fields["type"] ?? "") ?? .standard
        let model = Model(
            name: name,
            newName: fields["name"] ?? "",
            address: address,
            back: Address.of(["machines"] + (name.map { [$0] } ?? [])),
            script: visit.console.assets.editor,
            draftAddress: Address.of(["draft"]),
            isExpress: type == .express,
            type: type.rawValue,
            revision: fields["revision"] ?? stored?.revision ?? "",
            definition: definition,
            draft: await Draft.read(definition, type: type, visit),
            publishes: fields["publish"] != nil,
            description: fields["description"] ?? "",
            maySave: maySave,
            mayCheck: mayCheck,
            mayTest: visit.caller?.may("TestState") ?? false,
            test: StateTest(visit: visit, fields: fields).form,
            outcome: outcome,
            error: refusal?.message
        )
        return visit.page(
            "editor",
            model,
            title: name ?? visit.texts("editor.new"),
            status: refusal.map { .init(code: $0.status) } ?? .ok
        )
    }

    private func save(_ fields: Fields, _ stored: Stored?) async throws -> Response {
        do {
            try await store(fields, stored)
        } catch let error as APIError where !visit.isFromScript && error.status < 500 {
            // What was written is still there.
            return try await page(fields, stored, refusal: error)
        }
        return visit.goOn(to: Address.of(["machines", name ?? fields["name"] ?? ""]))
    }

    private func store(_ fields: Fields, _ stored: Stored?) async throws {
        let settings = visit.store.settings
        var arguments: JSONObject = ["definition": .string(fields.text("definition"))]
        if fields["publish"] != nil {
            arguments["publish"] = true
            if let description = fields.filled("description") { arguments["versionDescription"] = .string(description) }
        }
        if let name {
            guard fields["revision"] == stored?.revision else {
                throw APIError("ConflictException", visit.texts("editor.changed"), status: 409)
            }
            let arn = settings.stateMachineARN(name)
            arguments["stateMachineArn"] = .string(arn)
            try await visit.perform("UpdateStateMachine", on: arn, arguments)
        } else {
            let name = fields["name"] ?? ""
            arguments["name"] = .string(name)
            arguments["type"] = .string(fields["type"] ?? MachineType.standard.rawValue)
            // A role is only a name here.
            arguments["roleArn"] = .string("arn:aws:iam::\(settings.account):role/stepwell")
            try await visit.perform("CreateStateMachine", on: settings.stateMachineARN(name), arguments)
        }
    }
}

extension APIError {
    fileprivate static let mayNotCheck = APIError(
        "AccessDeniedException",
        "You are not authorized to perform: states:ValidateStateMachineDefinition",
        status: 403
    )
}
