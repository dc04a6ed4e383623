/// A hint for a name that is not known.
func suggestion(for name: String, among candidates: some Collection<String>) -> String? {
    nearestName(to: name, among: candidates).map { "did you mean '\($0)'?" }
}

/// The name that was probably meant: at most a third of its letters differ. nil when nothing is close, or when there
/// are too many names for a guess to be worth its time.
private func nearestName(to name: String, among candidates: some Collection<String>) -> String? {
    guard candidates.count <= 200, name.count <= 80 else { return nil }
    let letters = Array(name.lowercased())
    let allowed = max(1, letters.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate != name && abs(candidate.count - letters.count) <= allowed {
        let distance = editDistance(letters, Array(candidate.lowercased()))
        if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Letters to insert, delete or replace to turn one word into the other.
private func editDistance(_ from: [Character], _ to: [Character]) -> Int {
    var previous = Array(0...to.count)
    for (row, letter) in from.enumerated() {
        var current = [row + 1]
        for (column, other) in to.enumerated() {
            let replaced = previous[column] + (letter == other ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[to.count]
}
