import Libvirt
import Testing

@Suite("Versions")
struct VersionTests {
    @Test(
        "libvirt's numbers",
        arguments: [
            (9_000_000, HypervisorVersion(9, 0)), (11_003_000, HypervisorVersion(11, 3)),
            (7_002_022, HypervisorVersion(7, 2, 22)), (0, HypervisorVersion(0, 0)),
            (UInt.max, HypervisorVersion(9_223_372_036_854, 775, 807)),
        ] as [(UInt, HypervisorVersion)])
    func libvirt(number: UInt, version: HypervisorVersion) {
        #expect(HypervisorVersion(libvirtEncoded: number) == version)
    }

    @Test(
        "kernel releases",
        arguments: [
            ("6.12.48+deb13-amd64", HypervisorVersion(6, 12, 48)),
            ("6.1.0-39-amd64", HypervisorVersion(6, 1, 0)),
            ("5.14.0-427.13.1.el9_4.x86_64", HypervisorVersion(5, 14, 0)),
            ("6.18-rc1", HypervisorVersion(6, 18)), ("5.7", HypervisorVersion(5, 7)),
            ("6.8.", HypervisorVersion(6, 8)), ("6", nil), ("", nil), ("linux", nil),
            (".5.7", nil), ("-5.7", nil), ("99999999999999999999.1", nil),
        ] as [(String, HypervisorVersion?)])
    func kernel(release: String, version: HypervisorVersion?) {
        #expect(HypervisorVersion(kernelRelease: release) == version)
    }

    @Test("order and text")
    func order() {
        let versions = [(5, 7, 0), (5, 10, 0), (5, 10, 1), (6, 0, 0)].map {
            HypervisorVersion($0.0, $0.1, $0.2)
        }
        #expect(versions.shuffled().sorted() == versions)
        #expect(versions[2].description == "5.10.1")
    }

    @Test(
        "vDPA's minimums",
        arguments: [
            ("5.7.0", HypervisorVersion(6, 9), HypervisorVersion(5, 1), []),
            ("5.6.19", HypervisorVersion(6, 9), HypervisorVersion(5, 1), [.kernel]),
            ("6.12.48", HypervisorVersion(6, 8), HypervisorVersion(5, 0, 1), [.libvirt, .qemu]),
            ("rolling", nil, nil, [.kernel, .libvirt, .qemu]),
            ("6.12.48", HypervisorVersion(11, 3), nil, [.qemu]),
        ] as [(String, HypervisorVersion?, HypervisorVersion?, [UnmetMinimum.Component])])
    func minimums(
        kernel: String, libvirt: HypervisorVersion?, qemu: HypervisorVersion?,
        unmet: [UnmetMinimum.Component]
    ) {
        let found = VDPAMinimums.unmet(kernelRelease: kernel, libvirt: libvirt, qemu: qemu)
        #expect(found.map(\.component) == unmet)
    }

    @Test("a reason names part, need and finding")
    func reason() {
        let old = VDPAMinimums.unmet(
            kernelRelease: "5.4.0", libvirt: HypervisorVersion(9, 0), qemu: nil)
        #expect(
            old.map(\.description) == [
                "vDPA needs kernel 5.7.0 or newer: found 5.4.0",
                "vDPA needs QEMU 5.1.0 or newer: its version could not be read",
            ])
    }
}
