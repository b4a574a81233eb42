import Hummingbird
import HummingbirdCore
import NIOCore

/// What is known of an agent's request while it is served.
struct AgentContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection it came on.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
