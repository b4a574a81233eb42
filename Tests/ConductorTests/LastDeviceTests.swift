import ComputeModel
import SimulatedDrivers
import Testing

@testable import Conductor

/// Fifty requests for the last device, through everything but HTTP.
@Suite struct LastDeviceTests {
    @Test(arguments: 0..<20)
    func oneOfFiftyGetsItAndTheOthersAreToldWhy(round: Int) async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1)]) { bed in
            var ports: [NetworkPort] = []
            for _ in 0..<50 { ports.append(try await bed.port()) }
            let ids = try await withThrowingTaskGroup(of: InstanceID.self) { group in
                for port in ports { group.addTask { try await bed.create([port]) } }
                return try await group.reduce(into: [InstanceID]()) { $0.append($1) }
            }
            var active: [InstanceID] = []
            for id in ids {
                let instance = try await bed.settled(id)
                if instance.state == .active {
                    active.append(id)
                    continue
                }
                #expect(instance.state == .error)
                #expect(
                    instance.fault?.message
                        == "No valid host was found. 1 host: no free vdpa device on physnet1.")
                #expect(instance.hostID == nil)
            }
            #expect(active.count == 1)
            let claims = try bed.claims()
            #expect(claims.map(\.instanceID) == active)
            #expect(claims.flatMap(\.devices).count == 1)
            let bound = try bed.documents.list(NetworkPort.self).filter { $0.value.binding != nil }
            #expect(bound.map(\.value.deviceID) == active.map(\.text))
            let inUse = try bed.documents.list(NetworkPort.self).filter {
                !$0.value.deviceID.isEmpty
            }
            #expect(inUse.count == 1)
        }
    }
}

/// Servers asked for together.
@Suite struct TogetherTests {
    @Test func allOfARequestArePlacedOrNone() async throws {
        try await InstanceTestbed.run([.small("h1"), .small("h2")]) { bed in
            // 16 CPUs, overcommitted four times: 64 guests of one vCPU on each host.
            let big = Flavor(id: FlavorID("big"), name: "big", vcpus: 30, memoryMiB: 64, diskGiB: 1)
            try await bed.conductor.flavors.create(big)
            func create(_ count: Int) async throws -> [Instance] {
                var request = bed.request([])
                request.flavorID = big.id
                request.networks = .none
                request.countMin = count
                request.countMax = count
                let made = try await bed.conductor.instances.create(
                    request, InstanceTestbed.member)
                var settled: [Instance] = []
                for instance in made { settled.append(try await bed.settled(instance.id)) }
                return settled
            }
            let five = try await create(5)
            #expect(five.allSatisfy { $0.state == .error && $0.hostID == nil })
            #expect(try bed.claims().isEmpty)
            let faults = Set(five.compactMap { $0.fault?.message })
            #expect(faults == ["No valid host was found. 2 hosts: not enough vCPUs."])
            let four = try await create(4)
            #expect(four.allSatisfy { $0.state == .active })
            #expect(Set(four.compactMap(\.hostName)) == ["h1", "h2"])
            #expect(try bed.claims().count == 4)
        }
    }

    @Test func aRequestWithRoomToSpareIsPlacedOnce() async throws {
        try await InstanceTestbed.run([.small("h1"), .small("h2")]) { bed in
            var request = bed.request([])
            request.networks = .none
            request.countMin = 12
            request.countMax = 12
            let made = try await bed.conductor.instances.create(request, InstanceTestbed.member)
            for instance in made { try await bed.settled(instance.id, .active) }
            #expect(try bed.claims().count == 12)
        }
    }

    @Test func tooMuchUserDataForOneRequestIsRefused() async throws {
        try await InstanceTestbed.run([.small("h1")]) { bed in
            var request = bed.request([])
            request.networks = .none
            request.countMax = 40
            request.userData = String(repeating: "A", count: 40_000)
            await #expect(throws: DomainError.self) {
                try await bed.conductor.instances.create(request, InstanceTestbed.member)
            }
            let stored = try bed.documents.list(Instance.self)
            #expect(stored.isEmpty)
        }
    }

    @Test func membersOfAGroupCreatedAtTheSameTimeStayApart() async throws {
        let hosts = ["h1", "h2", "h3"].map { SimulatedHostSpec.small($0, devices: 4) }
        try await InstanceTestbed.run(hosts) { bed in
            let group = ServerGroup(
                id: ServerGroupID("11111111-2222-4333-8444-555555555555"),
                projectID: InstanceTestbed.member.projectID,
                userID: InstanceTestbed.member.userID, name: "g", policy: .antiAffinity,
                createdAt: try bed.conductor.context.now())
            try await bed.documents.transact { try $0.insert(group) }
            var ports: [NetworkPort] = []
            for _ in 0..<4 { ports.append(try await bed.port()) }
            let ids = try await withThrowingTaskGroup(of: InstanceID.self) { tasks in
                for port in ports {
                    tasks.addTask { try await bed.create([port]) { $0.serverGroupID = group.id } }
                }
                return try await tasks.reduce(into: [InstanceID]()) { $0.append($1) }
            }
            var names: [String] = []
            var refused = 0
            for id in ids {
                let instance = try await bed.settled(id)
                if let name = instance.hostName { names.append(name) } else { refused += 1 }
            }
            #expect(names.sorted() == ["h1", "h2", "h3"])
            #expect(refused == 1)
        }
    }
}
