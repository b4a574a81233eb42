import ComputeModel
import RequestPipeline

/// Reads query parameters and refuses those that a route doesn't know: a mistyped filter would
/// otherwise pass for one that everything matches.
struct QueryCheck {
    private let request: APIRequest
    private let noun: Noun

    init(_ request: APIRequest, known: [String], noun: Noun) throws(DomainError) {
        self.request = request
        self.noun = noun
        guard let item = request.queryItems.first(where: { !known.contains($0.name) }) else {
            return
        }
        let name = item.name
        throw .invalid(
            noun, field: name,
            "The query parameter '\(name.prefix(64))' is not known here; there are: "
                + known.joined(separator: ", ") + ".")
    }

    /// The value as given; nil when absent.
    func text(_ name: String) -> String? { request.query(name) }

    /// The choice whose raw value equals the parameter's, upper or lower case.
    func choice<Choice: RawRepresentable>(
        _ name: String, of choices: [Choice]
    ) throws(DomainError) -> Choice? where Choice.RawValue == String {
        guard let text = request.query(name) else { return nil }
        if let found = choices.first(where: { $0.rawValue.lowercased() == text.lowercased() }) {
            return found
        }
        throw .invalid(
            noun, field: name,
            "The query parameter '\(name)' is '\(text.prefix(64))'; it can be: "
                + choices.map(\.rawValue).joined(separator: ", ") + ".")
    }

    /// A truth value; nil when absent.
    func flag(_ name: String) throws(DomainError) -> Bool? {
        try choice(name, of: Flag.allCases).map { $0 == .yes }
    }

    private enum Flag: String, CaseIterable {
        case yes = "true"
        case no = "false"
    }

    /// How many objects a list may have: 100 unless the request says otherwise.
    func page(_ limits: RequestLimits) throws(DomainError) -> Int {
        try number("limit", in: 1...limits.pageItemsMax, otherwise: min(100, limits.pageItemsMax))
    }

    /// A number in `range`; `otherwise` when absent.
    func number(
        _ name: String, in range: ClosedRange<Int>, otherwise: Int
    ) throws(DomainError) -> Int {
        guard let text = request.query(name) else { return otherwise }
        guard let number = Int(text), range.contains(number) else {
            throw .invalid(
                noun, field: name,
                "The query parameter '\(name)' is '\(text.prefix(64))'; it must be a number from"
                    + " \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
