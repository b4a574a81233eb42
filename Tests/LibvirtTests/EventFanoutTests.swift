import Testing

@testable import Libvirt

@Suite("Event fan-out")
struct EventFanoutTests {
    @Test("a slow reader's stream ends after what it can hold; others go on")
    func overflow() async {
        let fanout = EventFanout<Int>(eventCountMax: 3)
        let slow = fanout.subscribe()
        for number in 1...3 { fanout.yield(number) }
        let late = fanout.subscribe()
        fanout.yield(4)
        fanout.finish()
        var seen: [Int] = []
        for await number in slow { seen.append(number) }
        #expect(seen == [1, 2, 3])
        var lateSeen: [Int] = []
        for await number in late { lateSeen.append(number) }
        #expect(lateSeen == [4])
    }

    @Test("a stream asked for after the end has ended")
    func finished() async {
        let fanout = EventFanout<Int>(eventCountMax: 3)
        fanout.finish()
        for await number in fanout.subscribe() { Issue.record("unexpected \(number)") }
    }
}
