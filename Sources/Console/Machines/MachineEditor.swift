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
        let address: String
        let back: String
        let script: String
        let draftAddress: String
        let type: String
        /// What the text that is changed was: nobody's change is undone unseen.
        let revision: String
        let definition: String
        let draft: Draft
        let maySave: Bool
        let mayCheck: Bool
        let mayTest: Bool
        let test: StateTest.Form
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
        let stored = try await stored()
        let definition = stored?.definition ?? Self.example
        let type = stored?.type ?? .standard
        let model = Model(
            name: name,
            address: address,
            back: Address.of(["machines"] + (name.map { [$0] } ?? [])),
            script: visit.console.assets.editor,
            draftAddress: Address.of(["draft"]),
            type: type.rawValue,
            revision: stored?.revision ?? "",
            definition: definition,
            draft: await Draft.read(definition, type: type, visit),
            maySave: maySave,
            mayCheck: mayCheck,
            mayTest: visit.caller?.may("TestState") ?? false,
            test: StateTest.Form(visit.texts)
        )
        return visit.page("editor", model, title: name ?? visit.texts("editor.new"))
    }

    /// What the form asks for: a test of a state, or that it is saved.
    func act() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        guard fields["do"] == "save" else {
            return visit.piece("stateTest", try await StateTest(visit: visit, fields: fields).run())
        }
        try await save(fields)
        return .goOn(to: Address.of(["machines", name ?? fields["name"] ?? ""]))
    }

    /// What there is to say of a draft while somebody writes: for the script of the page.
    static func check(_ visit: Visit) async throws -> Response {
        guard MachineEditor(visit: visit, name: nil).mayCheck else { throw APIError.mayNotCheck }
        let fields = try await RequestBody.fields(of: visit.request)
        let type = MachineType(rawValue: fields["type"] ?? "") ?? .standard
        return visit.piece("draft", await Draft.read(fields.text("definition"), type: type, visit))
    }

    private func save(_ fields: Fields) async throws {
        let settings = visit.store.settings
        var arguments: JSONObject = ["definition": .string(fields.text("definition"))]
        if fields["publish"] != nil {
            arguments["publish"] = true
            if let description = fields.filled("description") { arguments["versionDescription"] = .string(description) }
        }
        if let name {
            let arn = settings.stateMachineARN(name)
            arguments["stateMachineArn"] = .string(arn)
            // Whoever does not say what they have changed changes nothing.
            arguments["revisionId"] = .string(fields["revision"] ?? "")
            do {
                try await visit.perform("UpdateStateMachine", on: arn, arguments)
            } catch let error as APIError where error.code.text == "ConflictException" {
                throw APIError(error.code, visit.texts("editor.changed"), status: 409)
            }
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
