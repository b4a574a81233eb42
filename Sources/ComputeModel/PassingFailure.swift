/// An error of a layer below the operations that may be gone a moment later: a store that is full,
/// busy or away.
public protocol PassingFailure: Error {
    /// What a caller of the API is told, without paths or names of machines; nil for an error that
    /// will not pass by itself.
    var callersMessage: String? { get }
}
