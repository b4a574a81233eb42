import ComputeModel
import Persistence

extension StoreError: PassingFailure {
    /// What a tenant can make of it: whether to come again, or whom to call.
    public var callersMessage: String? {
        switch self {
        case .diskFull:
            "The control plane has no disk space left and could not store what was asked for."
                + " Its operator must free some; repeat the request then."
        case .overloaded, .contended:
            "The control plane has too much to do now and could not store what was asked for."
                + " Repeat the request in a moment."
        case .unavailable, .inputOutput, .closed:
            "The control plane can't reach what it has stored now. Repeat the request later."
        default: nil
        }
    }
}
