import ComputeModel

extension Caller {
    /// Millrace itself: for what it does without being asked, such as confirming a resize whose
    /// time is over.
    package static let millrace = millrace(APIRequestID("req-millrace"))

    /// Millrace itself, with a request of its own in instances' event lists.
    package static func millrace(_ request: APIRequestID) -> Caller {
        Caller(
            userID: UserID("millrace"), userName: "millrace",
            projectID: ProjectID.millrace, projectName: "millrace", role: .admin,
            requestID: request)
    }
}

extension ProjectID {
    /// The owner of what only Millrace uses, such as copies of disks that moves make.
    package static let millrace = ProjectID("millrace")
}
