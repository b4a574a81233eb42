import DeviceTracking
import Testing

@Suite struct DeviceBlockTests {
    @Test func severalDevicesWhereOneCanBeClaimedAreToldWithWhatToDo() {
        let text = "\(DeviceBlock.ambiguous(count: 2))"
        #expect(text.hasPrefix("its host reports 2 devices on this PCI function or by this"))
        #expect(text.contains("leave one ('vdpa dev del NAME' deletes a vDPA device)"))
    }
}
