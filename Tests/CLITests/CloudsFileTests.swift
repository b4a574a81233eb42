import Foundation
import Testing

@testable import CLI

@Suite struct CloudsFileTests {
    private static let variables = ["HOME": "home", "OS_CLIENT_CONFIG_FILE": "named/c.yaml"]

    /// All places in the order in which they count; each test removes the first of them.
    @Test(arguments: 0..<5)
    func placesAreSearchedInOrder(_ removed: Int) async throws {
        try await TemporaryFolder.with { folder in
            let places = [
                "state/clouds.yaml", "named/c.yaml", "clouds.yaml",
                "home/.config/openstack/clouds.yaml", "etc/clouds.yaml",
            ]
            for place in places.dropFirst(removed) { try folder.write("clouds: {}", to: place) }
            var variables = ["HOME": folder.url.appendingPathComponent("home").path]
            if removed <= 1 {
                variables["OS_CLIENT_CONFIG_FILE"] =
                    folder.url.appendingPathComponent("named/c.yaml").path
            }
            let found = try CloudsFile.find(
                stateDirectory: removed == 0 ? "state" : nil,
                Sayings().context(folder.url, variables))
            #expect(found.path == folder.url.appendingPathComponent(places[removed]).path)
        }
    }

    @Test func aNamedFileMustExist() async throws {
        try await TemporaryFolder.with { folder in
            try folder.write("clouds: {}", to: "clouds.yaml")
            let named = Sayings().context(folder.url, Self.variables)
            #expect(throws: CommandFailure.self) {
                try CloudsFile.find(stateDirectory: nil, named)
            }
            #expect(throws: CommandFailure.self) {
                try CloudsFile.find(stateDirectory: "nowhere", Sayings().context(folder.url))
            }
        }
    }

    @Test func emptyVariablesCountAsUnset() async throws {
        try await TemporaryFolder.with { folder in
            let file = try folder.write("clouds: {}", to: "clouds.yaml")
            let context = Sayings().context(
                folder.url, ["OS_CLIENT_CONFIG_FILE": "", "HOME": ""])
            #expect(try CloudsFile.find(stateDirectory: nil, context).path == file.path)
        }
    }

    @Test func nothingFoundNamesThePlaces() async throws {
        try await TemporaryFolder.with { folder in
            let sayings = Sayings()
            let code = try await HostList.parse([]).run(in: sayings.context(folder.url))
            #expect(code == 2)
            #expect(sayings.result.isEmpty)
            #expect(sayings.talk.contains("\(folder.url.path)/etc/clouds.yaml"))
            #expect(sayings.talk.hasSuffix("--state-dir DIR\n"))
            #expect(sayings.talk.split(separator: "\n").count == 1)
        }
    }

    @Test(
        arguments: [
            (nil, nil, "millrace-user"), (nil, "other", "other-user"),
            ("other", nil, "other-user"), ("millrace", "other", "millrace-user"),
        ] as [(String?, String?, String)])
    func optionBeforeVariableBeforeDefault(
        option: String?, variable: String?, user: String
    ) async throws {
        try await TemporaryFolder.with { folder in
            let entries = ["millrace", "other"].map { name in
                """
                  \(name):
                    auth: {auth_url: "http://h:1", username: \(name)-user, password: p}

                """
            }
            try folder.write("clouds:\n" + entries.joined(), to: "clouds.yaml")
            let variables = variable.map { ["OS_CLOUD": $0] } ?? [:]
            let options = try ConnectionOptions.parse(option.map { ["--os-cloud", $0] } ?? [])
            let cloud = try CloudsFile.cloud(options, Sayings().context(folder.url, variables))
            #expect(cloud.userName == user)
        }
    }
}

@Suite struct CloudsDocumentTests {
    private static let file = URL(fileURLWithPath: "/state/clouds.yaml")

    private static func cloud(_ auth: String, _ rest: String = "") throws -> Cloud {
        try CloudsDocument.cloud(
            "millrace", in: "clouds:\n  millrace:\n    auth: {\(auth)}\n\(rest)", file: file)
    }

    @Test func everyFieldIsRead() throws {
        let cloud = try Self.cloud(
            """
            auth_url: "https://h:1/identity/v3", username: u, password: 0123, \
            project_name: p, project_domain_name: D, user_domain_id: default
            """, "    verify: false\n    cacert: ca.pem\n    region_name: R\n")
        #expect(
            cloud
                == Cloud(
                    identityURL: "https://h:1/identity", baseURL: "https://h:1", userName: "u",
                    password: "0123", project: .name("p", domain: .name("D")),
                    userDomain: .id("default"), verifiesCertificates: false,
                    certificateFile: "/state/ca.pem",
                    source: "cloud 'millrace' in /state/clouds.yaml"))
    }

    @Test(arguments: [
        ("http://h/identity/v3", "http://h/identity", "http://h"),
        ("http://h/identity/v3/", "http://h/identity", "http://h"),
        ("http://h/identity", "http://h/identity", "http://h"),
        ("http://h:5000/v3", "http://h:5000", "http://h:5000"),
    ])
    func theBaseIsTheAddressWithoutIdentity(
        authURL: String, identity: String, base: String
    ) throws {
        let cloud = try Self.cloud("auth_url: \"\(authURL)\", username: u, password: p")
        #expect(cloud.identityURL == identity)
        #expect(cloud.baseURL == base)
        #expect(cloud.project == nil)
        #expect(cloud.userDomain == .name("Default"))
        #expect(cloud.verifiesCertificates)
    }

    @Test(arguments: [
        ("clouds: [", "can't be read as a list of clouds"),
        ("clouds: {millrace: 7}", "can't be read as a list of clouds"),
        ("", "can't be read as a list of clouds"),
        ("clouds:", "no cloud 'millrace'"),
        ("clouds: {a: {}, b: {}}", "no cloud 'millrace'; it has a, b"),
        ("clouds: {millrace: {}}", "has no 'auth_url'"),
        ("clouds: {millrace: {auth: {auth_url: \"http://h\"}}}", "has no 'username'"),
        (
            "clouds: {millrace: {auth: {auth_url: \"http://h\", username: u}}}",
            "has no 'password'"
        ),
        ("clouds: {millrace: {auth: {auth_url: \"h\"}}}", "no http or https address"),
    ])
    func wrongFilesAreUsageErrorsThatNameTheFile(text: String, told: String) throws {
        let failure = try #require(throws: CommandFailure.self) {
            try CloudsDocument.cloud("millrace", in: text, file: Self.file)
        }
        #expect(failure.exitCode == 2)
        #expect(failure.description.contains(told), "\(failure)")
        #expect(failure.description.contains("/state/clouds.yaml"))
    }
}
