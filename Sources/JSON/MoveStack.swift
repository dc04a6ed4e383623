/// A stack whose topmost elements can be moved out into an array at once, without counting references.
///
/// The parser keeps the elements of all open containers here, so each container is allocated once, in its final size.
struct MoveStack<Element>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (base + count).initialize(to: element)
        count += 1
    }

    /// Takes everything above the lowest `floor` elements off the stack. `body` gets it in the order in which it was
    /// pushed and has to move or deinitialize all of it.
    @inline(__always)
    mutating func take<Result>(
        above floor: Int,
        _ body: (UnsafeMutableBufferPointer<Element>) -> Result
    ) -> Result {
        let taken = UnsafeMutableBufferPointer(start: base + floor, count: count - floor)
        count = floor
        return body(taken)
    }

    /// Takes everything above the lowest `floor` elements off the stack.
    @inline(__always)
    mutating func takeArray(above floor: Int) -> [Element] {
        take(above: floor) { taken in
            Array(unsafeUninitializedCapacity: taken.count) { array, count in
                count = array.moveInitialize(fromContentsOf: taken)
            }
        }
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: base, count: count)
        base.deallocate()
        base = larger
        capacity *= 2
    }
}
