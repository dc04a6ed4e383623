import JSON
import Testing

@Suite struct ObjectTests {
    /// Small objects are searched, larger ones indexed; both have to behave alike.
    @Test(arguments: [1, 2, 15, 16, 17, 18, 40])
    func behavesAlikeAtEverySize(count: Int) {
        var object = JSONObject((0..<count).map { ("k\($0)", .number(JSONNumber($0))) })
        #expect(object.count == count)
        #expect(object.keys == (0..<count).map { "k\($0)" })
        for position in 0..<count {
            #expect(object["k\(position)"] == .number(JSONNumber(position)))
            #expect(object[position].key == "k\(position)")
        }
        #expect(object["absent"] == nil)

        object["k0"] = "changed"
        #expect(object.keys.first == "k0")
        #expect(object["k0"] == "changed")

        object["new"] = true
        #expect(object.keys.last == "new")
        #expect(object.count == count + 1)

        object["k0"] = nil
        object["absent"] = nil
        #expect(object.count == count)
        #expect(object["k0"] == nil)
        for position in 1..<max(count, 1) { #expect(object["k\(position)"] == .number(JSONNumber(position))) }
        #expect(object["new"] == true)

        object["k0"] = "back"
        #expect(object.keys.last == "k0")
    }

    @Test func growsAndShrinksAcrossTheIndex() {
        var object = JSONObject()
        for round in 0..<3 {
            for number in 0..<30 { object["k\(number)"] = .number(JSONNumber(number + round)) }
            #expect(object.count == 30)
            for number in 0..<30 {
                #expect(object["k\(number)"] == .number(JSONNumber(number + round)))
                object["k\(number)"] = nil
                #expect(object["k\(number)"] == nil)
                #expect(object.count == 29 - number)
            }
        }
    }

    @Test func ofEqualKeysTheLastValueAndTheFirstPlaceRemain() {
        #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]) == ["a": 3, "b": 2])
        #expect(JSONValue.object(["a": 1, "b": 2, "a": 3]).text == #"{"a":3,"b":2}"#)
    }

    @Test(arguments: [1, 40])
    func equivalentSpellingsAreDifferentKeys(others: Int) {
        var object = JSONObject((0..<others).map { ("k\($0)", nil) })
        object["\u{E9}"] = 1
        object["e\u{301}"] = 2
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(JSONObject([("\u{E9}", 1)]) != JSONObject([("e\u{301}", 1)]))
    }

    @Test func equalityMindsTheOrder() {
        #expect(JSONObject([("a", 1), ("b", 2)]) != JSONObject([("b", 2), ("a", 1)]))
        #expect(Set<JSONObject>([["a": 1], ["a": 1], ["a": 2]]).count == 2)
    }

    @Test func subscriptsOfOtherKindsOfValueAreNil() {
        #expect(JSONValue.array([1])["a"] == nil)
        #expect(JSONValue.object(["a": 1])[0] == nil)
        #expect(JSONValue.array([1])[-1] == nil)
        #expect(JSONValue.array([1])[1] == nil)
        #expect(JSONValue.array([1])[.max] == nil)
        #expect(JSONValue.array([1])[0] == 1)
    }
}
