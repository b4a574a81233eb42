/// Collects the answers to one request until they are complete. Pure.
struct NetlinkAnswers {
    /// The answers so far, without netlink's own messages.
    private(set) var frames: [NetlinkFrame] = []
    /// Nothing more will come.
    private(set) var isComplete = false
    /// The list changed while it was sent.
    private(set) var isInterrupted = false
    /// The kernel's error, if it refused.
    private(set) var errorNumber: Int32?

    private let sequence: UInt32
    private let isDump: Bool
    private let frameCountMax: Int

    init(sequence: UInt32, isDump: Bool, frameCountMax: Int) {
        self.sequence = sequence
        self.isDump = isDump
        self.frameCountMax = frameCountMax
    }

    /// Takes the messages of a datagram. Those with another sequence number are late answers to
    /// a request that was given up.
    mutating func add(_ received: [NetlinkFrame]) throws(NetlinkFormatError) {
        for frame in received where frame.sequence == sequence && !isComplete {
            if frame.flags & NetlinkFrame.Flag.dumpInterrupted != 0 { isInterrupted = true }
            switch frame.type {
            case NetlinkFrame.ControlType.none:
                continue
            case NetlinkFrame.ControlType.error:
                try end(frame, isErrorRequired: true)
            case NetlinkFrame.ControlType.done:
                try end(frame, isErrorRequired: false)
            case NetlinkFrame.ControlType.overrun:
                isInterrupted = true
                isComplete = true
            default:
                guard frames.count < frameCountMax else {
                    throw .badLength(frames.count + 1, available: frameCountMax)
                }
                frames.append(frame)
                isComplete = !isDump
            }
        }
    }

    /// Both messages begin with a negated errno, which the end of a dump may lack.
    private mutating func end(
        _ frame: NetlinkFrame, isErrorRequired: Bool
    ) throws(NetlinkFormatError) {
        let code = frame.payload[...].hostOrder(Int32.self, at: 0)
        guard code != nil || !isErrorRequired else {
            throw .truncatedHeader(sizeBytes: frame.payload.count)
        }
        // Int32.min has no positive counterpart; any number says as much.
        if let code, code != 0 { errorNumber = code == .min ? .max : abs(code) }
        isComplete = true
    }
}
