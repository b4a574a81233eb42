import ComputeModel
import Persistence
import Placement
import Scheduler
import Testing

@Suite struct ClaimTests {
    @Test(arguments: 0..<20)
    func ofFiftyWhoWantTheLastDeviceOneGetsIt(round: Int) async throws {
        try await PlacementTestbed.run([PlacementTestbed.host("a", devices: 1)]) { bed in
            let placer = bed.placer(try await bed.open())
            let failures = await withTaskGroup(
                of: PlacementFailure?.self, returning: [PlacementFailure].self
            ) { group in
                for number in 0..<50 {
                    group.addTask {
                        do {
                            try await placer.claim([PlacementTestbed.job("i\(number)")])
                            return nil
                        } catch {
                            return error as? PlacementFailure
                        }
                    }
                }
                var failures: [PlacementFailure] = []
                for await failure in group { failures += [failure].compactMap { $0 } }
                return failures
            }
            #expect(failures.count == 49)
            for failure in failures {
                #expect(failure.summary == "1 host: no free vdpa device on physnet1.")
            }
            #expect(try await bed.claims().count == 1)
        }
    }

    @Test func eightServersNeverGiveADeviceOutTwice() async throws {
        let hosts = ["a", "b", "c", "d"].map { PlacementTestbed.host($0, devices: 8) }
        try await PlacementTestbed.run(hosts) { bed in
            let placed = try await withThrowingTaskGroup(of: Int.self) { group in
                for server in 0..<8 {
                    group.addTask {
                        let placer = bed.placer(try await bed.open())
                        var placed = 0
                        for number in 0..<5 {
                            do {
                                let job = PlacementTestbed.job("s\(server)-\(number)")
                                try await placer.claim([job])
                                placed += 1
                            } catch is PlacementFailure {
                                continue
                            }
                        }
                        return placed
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(placed == 32)
            let devices = try await bed.claims().flatMap { $0.devices.map(\.deviceID) }
            #expect(devices.count == 32)
            #expect(Set(devices).count == 32)
        }
    }

    @Test func severalJobsArePlacedTogetherOrNotAtAll() async throws {
        let hosts = [
            PlacementTestbed.host("a", devices: 2), PlacementTestbed.host("b", devices: 1),
        ]
        try await PlacementTestbed.run(hosts) { bed in
            let placer = bed.placer(try await bed.open())
            let four = (0..<4).map { PlacementTestbed.job("x\($0)") }
            let failure = await #expect(throws: PlacementFailure.self) {
                try await placer.claim(four)
            }
            #expect(failure?.record.instanceID == InstanceID("x3"))
            #expect(try await bed.claims().isEmpty)
            let candidates = try await placer.claim((0..<3).map { PlacementTestbed.job("y\($0)") })
            #expect(candidates.map(\.hostName).sorted() == ["a", "a", "b"])
            #expect(try await bed.claims().count == 3)
        }
    }

    @Test func membersOfAGroupPlacedTogetherSeeEachOther() async throws {
        let hosts = ["a", "b", "c"].map { PlacementTestbed.host($0, devices: 4) }
        try await PlacementTestbed.run(hosts) { bed in
            let placer = bed.placer(try await bed.open())
            let apart = GroupDemand(policy: .antiAffinity, maxPerHost: 1, members: [:])
            let jobs = (0..<3).map { number in
                PlacementTestbed.job("m\(number)") { $0.group = apart }
            }
            let names = try await placer.claim(jobs).map(\.hostName)
            #expect(names.sorted() == ["a", "b", "c"])
        }
    }

    @Test func whatChangesWithTheClaimIsPartOfIt() async throws {
        try await PlacementTestbed.run([PlacementTestbed.host("a")]) { bed in
            let documents = try await bed.open()
            try await documents.transact { try $0.insert(Token(name: "t")) }
            let placer = bed.placer(documents)
            await #expect(throws: StoreError.self) {
                try await placer.claim { _ in
                    ClaimProposal(jobs: [PlacementTestbed.job("lost")]) { _, transaction in
                        try transaction.insert(Token(name: String(repeating: "x", count: 600)))
                    }
                }
            }
            #expect(try await bed.claims().isEmpty)
            try await placer.claim { snapshot in
                let token = try snapshot.require(Token.self, "t")
                return ClaimProposal(jobs: [PlacementTestbed.job("i")]) { candidates, transaction in
                    try transaction.update(token, to: Token(name: "t", count: candidates.count))
                }
            }
            #expect(try documents.require(Token.self, "t").value.count == 1)
            #expect(try await bed.claims().map(\.instanceID) == [InstanceID("i")])
        }
    }

    @Test func proposalsThatTouchTheSameWaitForEachOther() async throws {
        try await PlacementTestbed.run([PlacementTestbed.host("a", devices: 24)]) { bed in
            let documents = try await bed.open()
            try await documents.transact { try $0.insert(Token(name: "group")) }
            let placer = bed.placer(documents)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await placer.claim { snapshot in
                            let token = try snapshot.require(Token.self, "group")
                            return ClaimProposal(
                                jobs: [PlacementTestbed.job("i\(number)")], exclusive: ["group"]
                            ) { _, transaction in
                                let next = Token(name: "group", count: token.value.count + 1)
                                try transaction.update(token, to: next)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try documents.require(Token.self, "group").value.count == 20)
            #expect(try await bed.claims().count == 20)
        }
    }

    @Test func bigProposalsAtTheSameTimeDontSpoilEachOther() async throws {
        let hosts = (0..<40).map { PlacementTestbed.host("h\($0)", devices: 4) }
        try await PlacementTestbed.run(hosts) { bed in
            let placer = bed.placer(try await bed.open())
            let placed = try await withThrowingTaskGroup(of: Int.self) { group in
                for batch in 0..<4 {
                    group.addTask {
                        let jobs = (0..<30).map { PlacementTestbed.job("b\(batch)-\($0)") }
                        return try await placer.claim(jobs).count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(placed == 120)
            #expect(try await bed.claims().count == 120)
        }
    }

    /// Each of these writes five documents, so that no transaction holds all of them.
    @Test func whoDoesNotFitIntoATransactionComesWithTheNext() async throws {
        let hosts = (0..<4).map { PlacementTestbed.host("h\($0)", devices: 16) }
        try await PlacementTestbed.run(hosts) { bed in
            let documents = try await bed.open()
            let placer = bed.placer(documents)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let job = PlacementTestbed.job("i\(number)") { $0.capacity.vcpus = 0 }
                        try await placer.claim { _ in
                            ClaimProposal(jobs: [job]) { _, transaction in
                                for token in 0..<4 {
                                    try transaction.insert(Token(name: "t\(number)-\(token)"))
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await bed.claims().count == 60)
            #expect(try documents.list(Token.self).count == 240)
            // Nobody was sent away by the store to be decided again.
            let records = try documents.list(PlacementRecord.self)
            #expect(records.count == 60)
            #expect(records.allSatisfy { $0.value.conflicts == 0 })
        }
    }

    @Test func aRefusedProposalLeavesNothingInTheTransaction() async throws {
        try await PlacementTestbed.run([PlacementTestbed.host("a", devices: 2)]) { bed in
            let documents = try await bed.open()
            let before = try documents.require(HostLedger.self, "id-a").generation
            let placer = bed.placer(documents)
            await #expect(throws: PlacementFailure.self) {
                try await placer.claim((0..<3).map { PlacementTestbed.job("i\($0)") })
            }
            #expect(try documents.require(HostLedger.self, "id-a").generation == before)
        }
    }

    @Test func aConflictThatNeverEndsIsALostRace() async throws {
        try await PlacementTestbed.run([PlacementTestbed.host("a")]) { bed in
            let placer = bed.placer(try await bed.open()) { $0.attemptsMax = 3 }
            let failure = await #expect(throws: PlacementFailure.self) {
                try await placer.claim { _ in
                    ClaimProposal(jobs: [PlacementTestbed.job("i")]) { _, transaction in
                        try transaction.requireExists(Token.self, "never")
                    }
                }
            }
            #expect(failure?.record.conflicts == 3)
            #expect(failure?.summary == "1 host: claimed by other requests meanwhile.")
            #expect(try await bed.claims().isEmpty)
        }
    }
}
