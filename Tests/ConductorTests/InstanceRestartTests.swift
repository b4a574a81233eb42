import ComputeModel
import Persistence
import SimulatedDrivers
import TestSupport
import Testing
import Workflow

@testable import Conductor

/// The server dies at each transaction of a build and of a deletion, before or after it is
/// stored, and starts again over the same store. Nothing may be lost, and nothing may be left.
@Suite struct InstanceRestartTests {
    /// More transactions than a build or a deletion takes, those of reports included.
    private static let transactionsMax = 40
    /// At least so many must have been tried, or the tests prove nothing.
    private static let transactionsMin = 8

    @Test(arguments: [StoreSession.Fate.diesBefore, .diesAfter])
    func aBuildIsTakenUpAgain(fate: StoreSession.Fate) async throws {
        var crashes = 0
        for number in 1...Self.transactionsMax {
            let isOver = try await Self.build(fate, at: number)
            if isOver { break }
            crashes += 1
        }
        #expect(crashes >= Self.transactionsMin)
        #expect(crashes < Self.transactionsMax)
    }

    /// Whether the build was over before the server died.
    private static func build(_ fate: StoreSession.Fate, at number: Int) async throws -> Bool {
        var isOver = false
        try await InstanceTestbed.run([.small("h1", devices: 1, fixedMAC: true)]) { bed in
            let port = try await bed.port()
            let session = try bed.server.session
            session.set(fate, at: number)
            let wasAccepted = await Refusal.of { try await bed.create([port]) } == nil
            if wasAccepted { try await bed.activeOrDead(session) }
            isOver = !session.isDead
            try await bed.server.restart()
            let caller = InstanceTestbed.member
            guard let instance = try bed.conductor.instances.list(caller).first else {
                #expect(!wasAccepted)
                #expect(try bed.isFree(port))
                #expect(try bed.claims().isEmpty)
                return
            }
            try await bed.settled(instance.id, .active)
            #expect(try bed.claims().map(\.phase) == [.allocated])
            #expect(try bed.documents.list(Assignment.self).map(\.value.goal) == [.running])
            #expect(try bed.port(port.id).binding != nil)
            #expect(bed.fleet.hosts[0].snapshot.running == [instance.id])
            try await bed.delete(instance.id)
            try await bed.settled(instance.id, .deleted)
            #expect(try bed.remains(of: instance.id) == [])
            #expect(try bed.isFree(port))
        }
        return isOver
    }

    @Test(arguments: [StoreSession.Fate.diesBefore, .diesAfter])
    func aDeletionIsTakenUpAgain(fate: StoreSession.Fate) async throws {
        var crashes = 0
        for number in 1...Self.transactionsMax {
            let isOver = try await Self.deletion(fate, at: number)
            if isOver { break }
            crashes += 1
        }
        #expect(crashes >= Self.transactionsMin)
        #expect(crashes < Self.transactionsMax)
    }

    private static func deletion(
        _ fate: StoreSession.Fate, at number: Int
    ) async throws -> Bool {
        var isOver = false
        try await InstanceTestbed.run([.small("h1", devices: 1, fixedMAC: true)]) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            let session = try bed.server.session
            session.set(fate, at: number)
            let wasAccepted = await Refusal.of { try await bed.delete(id) } == nil
            if wasAccepted { try await bed.deletedOrDead(id, session) }
            isOver = !session.isDead
            try await bed.server.restart()
            if try !bed.instance(id).deletionRequested {
                #expect(!wasAccepted)
                #expect(try bed.instance(id).state == .active)
                try await bed.delete(id)
            }
            try await bed.settled(id, .deleted)
            #expect(try bed.remains(of: id) == [])
            #expect(try bed.isFree(port))
        }
        return isOver
    }

    @Test func aDeletionOfABuildIsTakenUpAgain() async throws {
        for number in 1...12 {
            try await InstanceTestbed.run([.small("h1", devices: 1)]) { bed in
                bed.fleet.hosts[0].set(.stall, on: .start)
                let port = try await bed.port()
                let id = try await bed.create([port])
                try await bed.until("the guest is started") {
                    bed.fleet.hosts[0].calls.contains { $0.operation == .start }
                }
                let session = try bed.server.session
                session.set(.diesAfter, at: number)
                let wasAccepted = await Refusal.of { try await bed.delete(id) } == nil
                bed.fleet.hosts[0].heal()
                if wasAccepted { try await bed.deletedOrDead(id, session) }
                try await bed.server.restart()
                #expect(try bed.instance(id).deletionRequested)
                try await bed.settled(id, .deleted)
                #expect(try bed.remains(of: id) == [])
                #expect(try bed.isFree(port))
            }
        }
    }

    /// A server that ends in good order in the middle of a build is no reason to fail the build.
    @Test func aBuildOutlivesAnOrderlyRestart() async throws {
        try await InstanceTestbed.run { bed in
            bed.fleet.hosts[0].set(.stall, on: .start)
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.until("the guest is started") {
                bed.fleet.hosts[0].calls.contains { $0.operation == .start }
            }
            for _ in 0..<3 { try await bed.server.restart() }
            bed.fleet.hosts[0].heal()
            try await bed.settled(id, .active)
            #expect(try bed.claims().map(\.phase) == [.allocated])
        }
    }

    /// A store that doesn't answer for a moment fails nothing that can be tried again.
    @Test func aBuildAndADeletionOutliveAStoreThatFailsForAMoment() async throws {
        for number in 1...12 {
            try await InstanceTestbed.run([.small("h1", devices: 1)]) { bed in
                let port = try await bed.port()
                let id = try await bed.create([port])
                try bed.server.session.set(.fails, at: number)
                try await bed.settled(id, .active)
                try await bed.delete(id)
                try bed.server.session.set(.fails, at: number)
                try await bed.settled(id, .deleted)
                #expect(try bed.remains(of: id) == [])
                #expect(try bed.isFree(port))
            }
        }
    }
}

extension InstanceTestbed {
    /// Waits until an instance runs and nothing is being done to it, or the server died.
    fileprivate func activeOrDead(_ session: StoreSession) async throws {
        let documents = try session.isDead ? nil : self.documents
        try await until("the instance runs or the server dies") {
            if session.isDead { return true }
            return try documents?.list(Instance.self).contains {
                $0.value.state == .active && $0.value.workflowID == nil
            } ?? true
        }
        try await eventsOrDead(session)
    }

    fileprivate func deletedOrDead(_ id: InstanceID, _ session: StoreSession) async throws {
        let documents = try session.isDead ? nil : self.documents
        try await until("the instance is deleted or the server dies") {
            if session.isDead { return true }
            return try documents?.get(Instance.self, id.text)?.value.state == .deleted
        }
        try await eventsOrDead(session)
    }

    /// The last things a workflow does: it ends its event and its own record.
    private func eventsOrDead(_ session: StoreSession) async throws {
        if session.isDead { return }
        let conductor = try self.conductor
        try await until("the workflow has ended or the server dies") {
            if session.isDead { return true }
            return try conductor.context.documents.list(WorkflowRecord.self).allSatisfy {
                $0.value.status.isFinished
            }
        }
    }
}
