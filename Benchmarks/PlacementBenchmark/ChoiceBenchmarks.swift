import ComputeModel
import DeviceTracking
import Scheduler

/// What one decision costs, without a store.
enum ChoiceBenchmarks {
    static func run() -> (rows: [Measurement], ratios: [Ratio]) {
        let scheduler = Scheduler()
        let small = Fleet(FleetFixture.hosts(1_000), ratios: FleetFixture.ratios)
        let before = ProcessMemory.residentKiB
        let large = Fleet(FleetFixture.hosts(10_000), ratios: FleetFixture.ratios)
        let perHostKiB = Double(ProcessMemory.residentKiB - before) / 10_000
        print("memory per prepared host of 64 devices: \(perHostKiB) KiB, report included")

        func choose(_ name: String, _ fleet: Fleet, devices: Int) -> Measurement {
            let request = FleetFixture.request(devices: devices)
            return Measurement.run(name, count: 2_000) { index in
                let decision = scheduler.decide(request, fleet: fleet, seed: UInt64(index))
                precondition(decision.candidates.count == 3)
            }
        }
        let walk = Measurement.run("baseline: walk over 640,000 devices", count: 50) { _ in
            var free = 0
            for host in large.allHosts {
                for device in host.report?.devices ?? [] where device.kind == .vdpa { free += 1 }
            }
            precondition(free == 640_000)
        }
        let one1k = choose("choose, 1,000 hosts, 1 device", small, devices: 1)
        let one = choose("choose, 10,000 hosts, 1 device", large, devices: 1)
        let eight = choose("choose, 10,000 hosts, 8 devices", large, devices: 8)
        var filling = large
        let claimed = Measurement.run("choose + claim in memory, 10,000 hosts", count: 5_000) {
            index in
            let request = FleetFixture.request(devices: 1, "m\(index)")
            let decision = scheduler.decide(request, fleet: filling, seed: UInt64(index))
            guard let candidate = decision.candidates.first else { return }
            filling.add(
                Claim(
                    instanceID: InstanceID("i\(index)"), projectID: ProjectID("p"),
                    workflowID: WorkflowID("w\(index)"), capacity: request.capacity,
                    devices: candidate.devices, createdAt: FleetFixture.time),
                on: candidate.hostID)
        }
        let refusal = FleetFixture.request(devices: 65)
        let refused = Measurement.run("refused by 10,000 hosts", count: 5, warmup: 1) { _ in
            let all = scheduler.refusals(
                refusal, fleet: large, decision: scheduler.decide(refusal, fleet: large),
                detailMax: 200)
            precondition(all.counts.values.reduce(0, +) == 10_000)
        }
        let ratios = [
            Ratio(
                name: "choose / walk over all devices", found: one.p50 / walk.p50,
                bound: Thresholds.chooseAgainstWalk),
            Ratio(
                name: "8 devices / 1 device", found: eight.p50 / one.p50,
                bound: Thresholds.eightDevicesAgainstOne),
            Ratio(
                name: "10,000 hosts / 1,000 hosts", found: one.p50 / one1k.p50,
                bound: Thresholds.tenfoldHosts),
        ]
        return ([walk, one1k, one, eight, claimed, refused], ratios)
    }
}
