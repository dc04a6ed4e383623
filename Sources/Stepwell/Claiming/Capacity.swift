import Store

/// How much more this process can take on, in all and of each function.
struct Capacity {
    /// A claim to be made: so many steps of these functions.
    struct Offer: Equatable {
        /// `""` stands for steps that call no function next.
        var functions: [String]
        var limit: Int
        /// The function of which each step takes a permit; nil: none of these is limited.
        var limited: String?
        /// The queue of calls in order from which all of these come; nil: they are as they come.
        var lane: String?
    }

    /// Handlers of one function that go on although their calls are over: with more, the function is not offered.
    static let abandonedLimit = 16

    /// Executions in memory that may wait at once without a slot.
    private static let lentLimit = 10_000

    let slots: Int
    private let unlimited: [String]
    /// Functions that no worker offers and this one calls elsewhere.
    private(set) var adoptedFunctions: [String] = []
    private let ownLimits: [(function: String, limit: Int)]
    /// Functions of this process, with a limit or without.
    private let own: [String]
    /// What is limited in the whole installation.
    private var budgets: [String: FunctionBudget] = [:]
    /// Functions whose calls wait in lanes, and in which order; nil: in none any more, but there may be some left.
    private var fairRules: [String: FairRule?] = [:]
    private var steps = 0
    private var lent = 0
    private var permits: [String: Int] = [:]
    private var abandoned: [String: Int] = [:]
    private var turn = 0

    /// - Parameter services: what the process can do besides functions.
    init(slots: Int, functions: some Sequence<Function>, services: [String] = []) {
        self.slots = slots
        var unlimited = [""] + services
        var limits: [(String, Int)] = []
        for function in functions {
            if let limit = function.concurrency {
                limits.append((function.name, limit))
            } else {
                unlimited.append(function.name)
            }
        }
        self.unlimited = unlimited
        ownLimits = limits
        own = functions.map(\.name)
    }

    /// Steps that are in hand.
    var stepCount: Int { steps + lent }
    /// Slots that are free.
    var room: Int { max(0, slots - steps) }

    /// Whether there is room for a claim of some size: many small ones cost more than they bring while most slots are
    /// in use.
    var isWorthClaiming: Bool { room >= max(1, slots / 3) }

    /// The functions of which the process could take another step now.
    var offeredFunctions: [String] {
        open + limits.filter { !isFair($0.function) && free($0) > 0 }.map(\.function)
            + (roomForLanes > 0 ? lanes.filter { free($0) > 0 }.map { FairRule.lane(of: $0.function) } : [])
    }

    /// What it ever takes in the order in which it became ready.
    var functions: [String] { unlimited + adoptedFunctions + ownLimits.map(\.function) }

    /// Whether that is all that it can do at all, and is taken as it comes.
    var offersAll: Bool {
        room > 0 && !hasLanes
            && offeredFunctions.count == functions.count
    }

    /// What claims ask for now.
    var claims: [String] { room > 0 ? offeredFunctions : [] }

    /// Functions of this process that claims leave out while there is room, and why.
    var withheld: [String: BranchStanding.BusyWorker.Obstacle] {
        var reasons: [String: BranchStanding.BusyWorker.Obstacle] = [:]
        for function in own where isBlocked(function) { reasons[queue(of: function)] = .lateHandlers }
        for limit in limits where free(limit) == 0 && !isBlocked(limit.function) {
            let running = permits[limit.function, default: 0]
            reasons[queue(of: limit.function)] =
                switch budgets[limit.function] {
                case _ where running >= limit.limit: .functionLimit
                case let budget?: budget.isFull(running: running) ? .reservedConcurrency : .rateLimit
                case nil: .functionLimit
                }
        }
        if roomForLanes == 0 {
            for lane in lanes { reasons[queue(of: lane.function)] = .full }
        }
        return reasons
    }

    /// Where calls of a function wait.
    private func queue(of function: String) -> String {
        isFair(function) ? FairRule.lane(of: function) : function
    }

    /// What can be claimed now. No claim takes more than half of all slots, so that while one half is being written down
    /// the other half runs.
    mutating func offers() -> [Offer] {
        turn += 1
        var offers = [Offer(functions: rotated(open), limit: 0, limited: nil)]
        for limit in rotated(limits) where !isFair(limit.function) && free(limit) > 0 {
            offers.append(Offer(functions: [limit.function], limit: free(limit), limited: limit.function))
        }
        for limit in rotated(lanes) where free(limit) > 0 {
            let lane = FairRule.lane(of: limit.function)
            let limited = isLimited(limit.function) ? limit.function : nil
            offers.append(Offer(functions: [lane], limit: free(limit), limited: limited, lane: lane))
        }
        let page = min(room, max(1, (slots + 1) / 2))
        offers[0].limit = page
        for place in offers.indices { offers[place].limit = min(offers[place].limit, page) }
        return offers
    }

    /// What is claimed in one go.
    private var open: [String] {
        let open = (unlimited + adoptedFunctions).filter { !isBlocked($0) && (budgets[$0] == nil || isFair($0)) }
        guard !fairRules.isEmpty else { return open }
        // Before they have a place in their lane, calls take nothing but a moment.
        return open + ownLimits.lazy.map(\.function).filter { isFair($0) && !isBlocked($0) }
    }

    /// How many steps of an offer can be taken.
    func room(for offer: Offer) -> Int { offer.lane == nil ? room : roomForLanes }

    /// Calls in lanes leave slots free, so that others can get their places while they run.
    private var roomForLanes: Int { max(0, room - (slots > 1 ? max(1, slots / 4) : 0)) }

    /// Functions whose calls may be in lanes, with their limits.
    private var lanes: [(function: String, limit: Int)] {
        guard !fairRules.isEmpty else { return [] }
        let limits = limits
        return own.filter(isFair)
            .map { function in
                (function, limits.first { $0.function == function }?.limit ?? .max)
            }
    }

    private func isFair(_ function: String) -> Bool {
        !fairRules.isEmpty && fairRules.keys.contains(function)
    }

    var hasLanes: Bool { !fairRules.isEmpty }

    /// In which order calls of a function wait; nil: as they come.
    func fairRule(of function: String) -> FairRule? { fairRules.isEmpty ? nil : fairRules[function] ?? nil }

    /// What was set for functions, those of this process and others, without their versions.
    mutating func set(_ rules: [String: FairRule?]) {
        fairRules = [:]
        guard !rules.isEmpty else { return }
        for function in own {
            guard let rule = rules[String(function.prefix { $0 != ":" })] else { continue }
            fairRules.updateValue(rule, forKey: function)
        }
    }

    /// Functions of which only so many calls run at once, or begin.
    private var limits: [(function: String, limit: Int)] {
        guard !budgets.isEmpty else { return ownLimits }
        return ownLimits + unlimited.filter { budgets[$0] != nil }.map { ($0, Int.max) }
    }

    private func rotated<Element>(_ elements: [Element]) -> [Element] {
        guard !elements.isEmpty else { return [] }
        let start = turn % elements.count
        return Array(elements[start...] + elements[..<start])
    }

    private func free(_ limit: (function: String, limit: Int)) -> Int {
        guard !isBlocked(limit.function) else { return 0 }
        let running = permits[limit.function, default: 0]
        let free = max(0, limit.limit - running)
        return budgets[limit.function].map { min(free, $0.free(running: running)) } ?? free
    }

    private func isBlocked(_ function: String) -> Bool {
        !abandoned.isEmpty && abandoned[function, default: 0] >= Self.abandonedLimit
    }

    // MARK: What happens

    /// Steps were claimed, each with a permit if the offer's function is limited.
    mutating func took(_ count: Int, of offer: Offer) {
        steps += count
        if let function = offer.limited {
            permits[function, default: 0] += count
            budgets[function]?.begin(count)
        }
    }

    /// Functions are taken that were not before, or left to others.
    mutating func adopt(_ functions: [String]) { adoptedFunctions = functions }

    /// A step is out of hand.
    mutating func finished() {
        steps -= 1
    }

    /// A step stays in hand without a slot.
    ///
    /// - Returns: whether it may.
    mutating func lendSlot() -> Bool {
        guard lent < Self.lentLimit else { return false }
        steps -= 1
        lent += 1
        return true
    }

    /// A step that had lent its slot needs one again: there may be more steps than slots for a while.
    mutating func takeSlot() {
        steps += 1
        lent -= 1
    }

    /// Whether calls of the function take permits.
    func isLimited(_ function: String) -> Bool { hasLimits && limits.contains { $0.function == function } }

    private var hasLimits: Bool { !ownLimits.isEmpty || !budgets.isEmpty }

    /// Whether a handler may start; if so, a limited function has one permit fewer.
    mutating func takePermit(_ function: String) -> Bool {
        guard !isBlocked(function) else { return false }
        guard hasLimits, let limit = limits.first(where: { $0.function == function }) else { return true }
        guard free(limit) > 0 else { return false }
        permits[function, default: 0] += 1
        budgets[function]?.begin(1)
        return true
    }

    mutating func givePermit(_ function: String) {
        guard let count = permits[function], count > 0 else { return }
        permits[function] = count - 1
    }

    /// A call is over, but its handler is not.
    ///
    /// - Returns: how many such handlers of the function there are now.
    mutating func abandon(_ function: String) -> Int {
        abandoned[function, default: 0] += 1
        return abandoned[function, default: 0]
    }

    /// A handler has returned after its call was over.
    mutating func returnedLate(_ function: String) {
        abandoned[function, default: 0] -= 1
    }

    // MARK: Limits of the whole installation

    var hasBudgets: Bool { !budgets.isEmpty }
    var isPaced: Bool { budgets.values.contains(where: \.isPaced) }
    var functionsWithBudget: [String] { budgets.keys.sorted() }

    /// What to ask for: as many calls as there is room for beside those that run.
    var shareRequests: [ShareRequest] {
        own.map { function in
            let running = permits[function, default: 0]
            let most = ownLimits.first { $0.function == function }?.limit ?? slots
            return ShareRequest(
                function: function,
                holding: max(running, budgets[function]?.slots ?? 0),
                wanted: min(most, running + room)
            )
        }
    }

    /// Shares were given.
    ///
    /// - Returns: whether more may run than before.
    mutating func set(_ shares: [String: FunctionShare]) -> Bool {
        let before = budgets
        budgets = [:]
        for (function, share) in shares {
            var budget = before[function] ?? FunctionBudget(share)
            budget.change(to: share)
            budgets[function] = budget
        }
        return budgets.contains { ($0.value.slots ?? .max) > (before[$0.key]?.slots ?? -1) }
            || before.keys.contains { budgets[$0] == nil }
    }

    /// Nothing more begins of what is limited.
    mutating func closeBudgets() {
        for function in budgets.keys { budgets[function]?.change(to: FunctionShare(slots: 0, rate: nil)) }
    }

    /// Time has gone by.
    ///
    /// - Returns: whether calls may begin that could not before.
    mutating func pass(_ duration: Duration) -> Bool {
        var grew = false
        for function in budgets.keys where budgets[function]?.pass(duration) == true { grew = true }
        return grew
    }
}
