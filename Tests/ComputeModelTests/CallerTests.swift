import ComputeModel
import Testing

/// Who may see what, and what callers are told.
@Suite struct CallerTests {
    private static func caller(_ role: Role) -> Caller {
        Caller(
            userID: UserID("u"), userName: "u", projectID: ProjectID("own"), projectName: "own",
            role: role, requestID: APIRequestID("req-1"))
    }

    @Test(
        arguments: [
            (Role.reader, true, false), (.member, true, false), (.admin, true, true),
        ])
    func seesItsOwnAndAdministratorsAll(role: Role, own: Bool, others: Bool) {
        #expect(Self.caller(role).maySee(ProjectID("own")) == own)
        #expect(Self.caller(role).maySee(ProjectID("other")) == others)
        #expect(Self.caller(role).isAdmin == others)
    }

    @Test func eachRoleIncludesThoseBeforeIt() {
        #expect(Role.allCases.sorted() == [.reader, .member, .admin])
    }

    @Test(
        arguments: [
            (
                DomainError.notFound(.securityGroup, "g"),
                "Security group g could not be found."
            ),
            (.invalid(.port, field: "mac", "It is bad."), "It is bad."),
            (.conflict(.port, .macInUse, "It is taken."), "It is taken."),
            (
                .overQuota(resource: "ports", used: 9, requested: 2, limit: 10),
                "Quota exceeded for ports: requested 2, but already used 9 of 10 ports."
            ),
        ] as [(DomainError, String)])
    func refusalsAreSentencesForTheCaller(error: DomainError, text: String) {
        #expect("\(error)" == text)
    }
}
