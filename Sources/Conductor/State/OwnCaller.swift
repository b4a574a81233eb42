import ComputeModel

extension Caller {
    /// Millrace itself: for what it does without being asked, such as confirming a resize whose
    /// time is over.
    static let millrace = millrace(APIRequestID("req-millrace"))

    /// Millrace itself, with a request of its own in instances' event lists.
    static func millrace(_ request: APIRequestID) -> Caller {
        Caller(
            userID: UserID("millrace"), userName: "millrace",
            projectID: InstanceTools.internalOwner, projectName: "millrace", role: .admin,
            requestID: request)
    }
}
