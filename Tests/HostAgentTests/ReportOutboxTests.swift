import ComputeModel
import Foundation
import Testing

@testable import HostAgent

@Suite struct ReportOutboxTests {
    private func report(
        _ id: String, _ detail: String, at seconds: Double = 0
    ) -> GuestReport {
        GuestReport(
            instanceID: InstanceID(id), hostID: Fixture.hostID, generation: 1, phase: .working,
            power: .none, detail: detail, reportedAt: Date(timeIntervalSince1970: seconds))
    }

    private func put(_ report: GuestReport, _ outbox: inout ReportOutbox) -> Bool {
        outbox.put(report)
    }

    @Test func keepsTheNewestOfAGuest() {
        var outbox = ReportOutbox()
        #expect(put(report("a", "one"), &outbox))
        #expect(put(report("a", "two"), &outbox))
        #expect(outbox.next(10).map(\.detail) == ["two"])
    }

    @Test func saysNothingTwice() {
        var outbox = ReportOutbox()
        #expect(put(report("a", "one", at: 1), &outbox))
        outbox.acknowledge(outbox.next(10))
        #expect(put(report("a", "one", at: 2), &outbox) == false)
        #expect(outbox.isEmpty)
    }

    @Test func keepsWhatCameDuringTheSending() {
        var outbox = ReportOutbox()
        #expect(put(report("a", "one"), &outbox))
        let sent = outbox.next(10)
        #expect(put(report("a", "two"), &outbox))
        outbox.acknowledge(sent)
        #expect(outbox.next(10).map(\.detail) == ["two"])
    }

    @Test func sendsTheOldestFirstAndNotTooMany() {
        var outbox = ReportOutbox()
        for (id, time) in [("a", 3.0), ("b", 1), ("c", 2)] {
            #expect(put(report(id, "x", at: time), &outbox))
        }
        #expect(outbox.next(2).map(\.instanceID.text) == ["b", "c"])
    }

    @Test func dropsWhatNobodyAsksAbout() {
        var outbox = ReportOutbox()
        #expect(put(report("a", "one"), &outbox))
        outbox.keepOnly([])
        #expect(outbox.isEmpty)
        #expect(put(report("a", "one"), &outbox))
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (6, 30), (60, 30)])
    func backoffDoublesUpToItsBound(attempt: Int, seconds: Int) {
        let backoff = Backoff(first: .seconds(1), longest: .seconds(30))
        #expect(backoff.delay(attempt: attempt, jitter: 1) == .seconds(seconds))
        #expect(backoff.delay(attempt: attempt, jitter: 0.5) == .seconds(seconds) / 2)
    }
}
