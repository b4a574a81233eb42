internal import Logging
internal import VDPA

extension BoundedReading {
    /// With the configured limit; the log has it when a reading hangs, and when it has ended.
    static func live(
        _ configuration: KVMHostConfiguration, clock: any Clock<Duration>, logger: Logger
    ) -> BoundedReading {
        BoundedReading(limitMS: configuration.deviceReadTimeoutMS, clock: clock) { event in
            switch event {
            case .hangs(let error):
                logger.warning(
                    """
                    a thread hangs in the kernel and can't be ended; until it is let go no device \
                    is read and no other thread is started
                    """,
                    metadata: ["hanging": "\(error)", "threads_max": "1"])
            case .ended(let error):
                logger.notice(
                    "the kernel has let go of the thread that hung; devices are read again",
                    metadata: ["hung": "\(error)"])
            }
        }
    }
}
