internal import CLibvirt
internal import Foundation

/// libvirt's event loop: one a process, on a thread of its own, never stopped.
enum EventLoop {
    /// False if libvirt couldn't make its loop. Must be read before the first connection is
    /// opened: connections opened earlier would never see an event.
    static let isRunning: Bool = start()

    /// Pause after a failed round, so that a broken loop doesn't eat a core.
    private static let pauseAfterFailure: TimeInterval = 0.1

    private static func start() -> Bool {
        // Without a handler libvirt prints every error on stderr; callers get them as values.
        virSetErrorFunc(nil, ignoreLibvirtError)
        guard virInitialize() == 0, virEventRegisterDefaultImpl() == 0 else { return false }
        let thread = Thread {
            while true {
                if virEventRunDefaultImpl() < 0 {
                    Thread.sleep(forTimeInterval: pauseAfterFailure)
                }
            }
        }
        thread.name = "libvirt-events"
        thread.start()
        return true
    }
}

// C callbacks stand at file scope: a closure would inherit its context's isolation and trap
// when libvirt calls it from another thread.
private func ignoreLibvirtError(_: UnsafeMutableRawPointer?, _: virErrorPtr?) {}
