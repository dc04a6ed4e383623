import JSON
import Testing

/// Types that use containers in ways the compiler does not.
@Suite struct CodingContainerTests {
    enum Key: String, CodingKey { case outer, inner, list, name }

    /// `{"outer": {"inner": "…"}, "list": [1, [2], {"name": "…"}]}` without types in between.
    struct Flat: Codable, Equatable {
        var inner: String
        var first: Int
        var second: Int
        var name: String

        init(inner: String, first: Int, second: Int, name: String) {
            self.inner = inner
            self.first = first
            self.second = second
            self.name = name
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            inner = try container.nestedContainer(keyedBy: Key.self, forKey: .outer).decode(String.self, forKey: .inner)
            var list = try container.nestedUnkeyedContainer(forKey: .list)
            first = try list.decode(Int.self)
            var nested = try list.nestedUnkeyedContainer()
            second = try nested.decode(Int.self)
            name = try list.nestedContainer(keyedBy: Key.self).decode(String.self, forKey: .name)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            var outer = container.nestedContainer(keyedBy: Key.self, forKey: .outer)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            try list.encode(first)
            var nested = list.nestedUnkeyedContainer()
            var last = list.nestedContainer(keyedBy: Key.self)
            // Filled in another order than they were begun.
            try last.encode(name, forKey: .name)
            try nested.encode(second)
            try outer.encode(inner, forKey: .inner)
        }
    }

    static let flat: JSONValue = ["outer": ["inner": "i"], "list": [1, [2], ["name": "n"]]]

    @Test func nestedContainers() throws {
        let flat = Flat(inner: "i", first: 1, second: 2, name: "n")
        #expect(try JSONValueDecoder().decode(Flat.self, from: Self.flat) == flat)
        #expect(try JSONValueEncoder().encode(flat) == Self.flat)
    }

    @Test(arguments: [
        (#"{"outer":1}"#, "at outer: expected object, found number 1"),
        (#"{"outer":{}}"#, #"at outer: the key "inner" is missing"#),
        (#"{"outer":{"inner":1}}"#, "at outer.inner: expected String, found number 1"),
        (#"{"outer":{"inner":"i"},"list":[]}"#, "at list[0]: the array has only 0 elements"),
        (#"{"outer":{"inner":"i"},"list":[1,2]}"#, "at list[1]: expected array, found number 2"),
        (#"{"outer":{"inner":"i"},"list":[1,["2"]]}"#, #"at list[1][0]: expected Int, found string "2""#),
        (#"{"outer":{"inner":"i"},"list":[1,[2]]}"#, "at list[2]: the array has only 2 elements"),
        (#"{"outer":{"inner":"i"},"list":[1,[2],{"name":2}]}"#, "at list[2].name: expected String, found number 2"),
    ])
    func errorsInNestedContainersHaveTheirPath(text: String, description: String) throws {
        let value = try JSONValue(parsing: text)
        let error = #expect(throws: DecodingError.self) { try JSONValueDecoder().decode(Flat.self, from: value) }
        #expect(JSONValueDecoder.describe(try #require(error)) == description)
    }

    class Animal: Codable {
        var name: String
        init(name: String) { self.name = name }
    }

    final class Dog: Animal {
        enum DogKey: String, CodingKey { case tricks }

        var tricks: [String]
        init(name: String, tricks: [String]) {
            self.tricks = tricks
            super.init(name: name)
        }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: DogKey.self)
            tricks = try container.decode([String].self, forKey: .tricks)
            try super.init(from: try container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: DogKey.self)
            try super.encode(to: container.superEncoder())
            try container.encode(tricks, forKey: .tricks)
        }
    }

    @Test func superclassesHaveAMemberOfTheirOwn() throws {
        let value: JSONValue = ["super": ["name": "Rex"], "tricks": ["roll"]]
        #expect(try JSONValueEncoder().encode(Dog(name: "Rex", tricks: ["roll"])) == value)
        let dog = try JSONValueDecoder().decode(Dog.self, from: value)
        #expect(dog.name == "Rex")
        #expect(dog.tricks == ["roll"])
        let error = #expect(throws: DecodingError.self) {
            try JSONValueDecoder().decode(Dog.self, from: ["super": ["name": 1], "tricks": []])
        }
        #expect(JSONValueDecoder.describe(try #require(error)) == "at super.name: expected String, found number 1")
        let missing = #expect(throws: DecodingError.self) {
            try JSONValueDecoder().decode(Dog.self, from: ["tricks": []])
        }
        #expect(JSONValueDecoder.describe(try #require(missing)) == "at super: expected object, found null")
    }

    /// Superclass and subclass in one object, and superclasses as elements.
    struct Shared: Codable, Equatable {
        var name: String
        var more: [String]

        init(name: String, more: [String]) {
            self.name = name
            self.more = more
        }

        init(from decoder: any Decoder) throws {
            name = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .name)
            let second = try decoder.container(keyedBy: Key.self)
            var list = try second.superDecoder(forKey: .list).unkeyedContainer()
            more = []
            while !list.isAtEnd { more.append(try String(from: list.superDecoder())) }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: .name)
            var second = encoder.container(keyedBy: Key.self)
            var list = second.superEncoder(forKey: .list).unkeyedContainer()
            for string in more { try string.encode(to: list.superEncoder()) }
        }
    }

    @Test func severalContainersOfOneEncoderAreOne() throws {
        let value: JSONValue = ["name": "n", "list": ["a", "b"]]
        #expect(try JSONValueEncoder().encode(Shared(name: "n", more: ["a", "b"])) == value)
        #expect(try JSONValueDecoder().decode(Shared.self, from: value) == Shared(name: "n", more: ["a", "b"]))
    }

    @Test func anElementThatCannotBeDecodedStaysTheCurrentOne() throws {
        struct Lenient: Decodable {
            var numbers: [Int] = []
            var others = 0
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                while !container.isAtEnd {
                    let index = container.currentIndex
                    if let number = try? container.decode(Int.self) {
                        numbers.append(number)
                    } else if try container.decodeNil() {
                        others += 1
                    } else {
                        #expect(container.currentIndex == index)
                        _ = try container.decode(JSONValue.self)
                        others += 1
                    }
                    #expect(container.currentIndex == index + 1)
                }
                #expect(container.currentIndex == container.count)
            }
        }
        let lenient = try JSONValueDecoder().decode(Lenient.self, from: [1, "a", nil, [2], 3])
        #expect(lenient.numbers == [1, 3])
        #expect(lenient.others == 3)
    }

    @Test func keysOfAnObjectAreListedInOrder() throws {
        struct Keys: Decodable {
            let keys: [String]
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                keys = container.allKeys.map(\.rawValue)
                #expect(container.contains(.list))
                #expect(!container.contains(.inner))
                #expect(try container.decodeNil(forKey: .list))
                #expect(try !container.decodeNil(forKey: .name))
                #expect(throws: DecodingError.self) { try container.decodeNil(forKey: .inner) }
            }
        }
        let value: JSONValue = ["name": 1, "unknown": 2, "outer": 3, "list": nil]
        #expect(try JSONValueDecoder().decode(Keys.self, from: value).keys == ["name", "outer", "list"])
    }
}
