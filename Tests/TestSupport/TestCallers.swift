public import ComputeModel

/// Who asks in tests: an administrator, and members of two projects.
public enum TestCallers {
    public static let admin = caller("admin", .admin)
    public static let member = caller("blue", .member)
    public static let other = caller("green", .member)

    /// A caller with a role in the project that has this name.
    public static func caller(_ project: String, _ role: Role) -> Caller {
        Caller(
            userID: .init("user-" + project), userName: project, projectID: .init(project),
            projectName: project, role: role, requestID: .init("req-test"))
    }
}
