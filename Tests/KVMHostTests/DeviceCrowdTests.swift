import ComputeModel
import DeviceTracking
import TestSupport
import Testing

@testable import KVMHost
@testable import VDPA

@Suite("several vDPA devices on one VF")
struct DeviceCrowdTests {
    @Test("each is told by name, with what to do, and so is the host")
    func crowd() async throws {
        try await TemporaryFolder.use { folder in
            let assembly = try FakeHost().assembly(
                folder,
                sources: { sources in
                    guard let first = sources.vdpaDevices.first(where: { $0.name == "vdpa1" })
                    else { return }
                    sources.vdpaDevices.append(
                        VDPADevice(
                            name: "second", driver: .vhost, parent: first.parent,
                            characterDevice: .init(name: "vhost-vdpa-9", major: 245, minor: 9)))
                    sources.vdpaConfigs["second"] = sources.vdpaConfigs["vdpa1"]
                })
            let scan = assembly.scan()
            let message =
                "VF 0000:01:00.2 carries 2 vDPA devices (second, vdpa1) and can serve one port, so"
                + " none of them is given out; on the host, delete all but one with 'vdpa dev del"
                + " NAME'."
            let problems = Dictionary(
                uniqueKeysWithValues: scan.devices.compactMap { device in
                    device.vdpaName.map { ($0, device.problems) }
                })
            #expect(
                problems == ["vdpa0": [], "vdpa1": [message], "second": [message], "vdpa2": []])
            #expect(
                scan.conditions.filter { $0.code == "vdpa-devices-share-function" }
                    == [
                        HostCondition(
                            code: "vdpa-devices-share-function", message: message,
                            blocksVDPA: false)
                    ])
        }
    }

    @Test("one on each VF is no crowd, nor are software devices")
    func none() async throws {
        var host = FakeHost()
        host.softwareDevices = ["a": "vduse", "b": "vduse"]
        let made = host
        try await TemporaryFolder.use { folder in
            let sources = try made.sources(folder)
            #expect(sources.vdpaDevices.count == 5)
            #expect(sources.crowdedFunctions.isEmpty)
        }
    }
}
