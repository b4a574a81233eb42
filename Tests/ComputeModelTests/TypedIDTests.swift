import ComputeModel
import Foundation
import Testing

@Suite struct TypedIDTests {
    @Test(arguments: ["", "a", "ac9d253dec2249738048a9cf53c384e5", "name with \"quotes\" / é"])
    func isItsTextInJSON(text: String) throws {
        let bytes = try JSONEncoder().encode([FlavorID(text)])
        #expect(try JSONDecoder().decode([String].self, from: bytes) == [text])
        #expect(try JSONDecoder().decode([FlavorID].self, from: bytes) == [FlavorID(text)])
    }

    @Test(arguments: ["[1]", "[null]", "[{}]", "[[\"a\"]]"])
    func nothingButTextIsAnID(json: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([InstanceID].self, from: Data(json.utf8))
        }
    }

    @Test func anUUIDIsWrittenInLowerCase() throws {
        let uuid = try #require(UUID(uuidString: "0E3F5A7C-1111-4222-8333-ABCDEFABCDEF"))
        #expect(InstanceID(uuid: uuid).text == "0e3f5a7c-1111-4222-8333-abcdefabcdef")
        #expect("\(InstanceID(uuid: uuid))" == "0e3f5a7c-1111-4222-8333-abcdefabcdef")
    }

    @Test func ordersByText() {
        let sorted = [HostID("a"), HostID("ab"), HostID("b")]
        #expect(sorted.shuffled().sorted() == sorted)
    }
}

@Suite struct ModelRuleTests {
    @Test func rolesAreOrdered() {
        #expect(Role.allCases.shuffled().sorted() == [.reader, .member, .admin])
    }

    @Test(arguments: [
        (Role.reader, false), (.member, false), (.admin, true),
    ])
    func onlyAdministratorsSeeOtherProjects(role: Role, sees: Bool) {
        let caller = Caller(
            userID: UserID("u"), userName: "u", projectID: ProjectID("p"), projectName: "p",
            role: role, requestID: APIRequestID("r"))
        #expect(caller.maySee(ProjectID("other")) == sees)
        #expect(caller.maySee(ProjectID("p")))
        #expect(caller.isAdmin == sees)
    }

    @Test func aLedgerAddsUpWhatIsTaken() {
        var ledger = HostLedger(hostID: HostID("h"))
        for (index, name) in ["a", "b"].enumerated() {
            ledger.claims.append(
                Claim(
                    instanceID: InstanceID(name), projectID: ProjectID("p"),
                    workflowID: WorkflowID("w"),
                    capacity: HostCapacity(
                        vcpus: 1 + index, memoryMiB: 100 + index, diskGiB: 10 + index),
                    devices: [], createdAt: Date(timeIntervalSince1970: 0)))
        }
        #expect(ledger.taken == HostCapacity(vcpus: 3, memoryMiB: 201, diskGiB: 21))
        #expect(ledger.claim(of: InstanceID("b"))?.capacity.vcpus == 2)
        #expect(ledger.claim(of: InstanceID("c")) == nil)
    }

    @Test(arguments: [
        (DomainError.notFound(.securityGroup, "x"), "Security group x could not be found."),
        (.invalid(.port, field: "mac", "That is no MAC."), "That is no MAC."),
        (
            .overQuota(resource: "instances", used: 9, requested: 2, limit: 10),
            "Quota exceeded for instances: requested 2, but already used 9 of 10 instances."
        ),
    ])
    func errorsAreSentencesForTheCaller(error: DomainError, text: String) {
        #expect("\(error)" == text)
    }
}
