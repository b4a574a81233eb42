/// The program's commands with their options, read from the declarations that ArgumentParser
/// reads: `CommandConfiguration`, `@Option`, `@Flag` and `@OptionGroup` in Sources/millrace and
/// Sources/CLI.
struct CommandTree: Sendable {
    /// One command, options of its groups included.
    struct Command: Sendable {
        var name: String
        var options: Set<String> = []
        /// Those of them that take a value.
        var valued: Set<String> = []
        var commands: [Command] = []
        /// The one that is meant when none is named.
        var usual: String?

        /// Its options and those of the command that is meant when none is named.
        var accepted: Set<String> {
            let usual = commands.first { $0.name == self.usual }
            return options.union(usual?.options ?? []).union(["--help", "-h", "--version"])
        }

        /// Whether a value follows an option that it accepts.
        func takesValue(_ option: String) -> Bool {
            valued.contains(option)
                || commands.contains { $0.name == usual && $0.valued.contains(option) }
        }

        /// All options of it and of what is below.
        var allOptions: Set<String> {
            commands.reduce(options) { $0.union($1.allOptions) }
        }

        func command(_ name: String) -> Command? { commands.first { $0.name == name } }
    }

    /// `millrace`; nil in a tree that has no such command.
    let root: Command?

    init(_ tree: SourceTree) {
        var parts: [String: CommandPart] = [:]
        for (file, swift) in tree.swiftFiles
        where file.isIn("Sources/CLI") || file.isIn("Sources/millrace") {
            parts.merge(CommandPart.all(swift), uniquingKeysWith: { first, _ in first })
        }
        let root = parts.first { $0.value.name == "millrace" }
        self.root = root.map { Self.command($0.key, parts, depth: 0) }
    }

    private static let depthMax = 8

    private static func command(
        _ type: String, _ parts: [String: CommandPart], depth: Int
    ) -> Command {
        var part = parts[type] ?? CommandPart()
        if let base = part.base.flatMap({ parts[$0] }) {
            part.name = part.name ?? base.name
            part.commands = base.commands + part.commands
            part.usual = part.usual ?? base.usual
        }
        var command = Command(name: part.name ?? CommandPart.dashed(type))
        let groups = groups(of: part, parts, depth: depth)
        command.options = groups.reduce([]) { $0.union($1.options) }
        command.valued = groups.reduce([]) { $0.union($1.valued) }
        guard depth < depthMax else { return command }
        command.commands = part.commands.map { Self.command($0, parts, depth: depth + 1) }
        command.usual = part.usual.map { Self.command($0, parts, depth: depthMax).name }
        return command
    }

    /// The type itself, and the groups of options in it and in them.
    private static func groups(
        of part: CommandPart, _ parts: [String: CommandPart], depth: Int
    ) -> [CommandPart] {
        guard depth <= depthMax else { return [] }
        return [part]
            + part.groups.compactMap { parts[$0] }.flatMap {
                groups(of: $0, parts, depth: depth + 1)
            }
    }
}

/// What one type declares of a command.
private struct CommandPart {
    var name: String?
    var options: Set<String> = []
    var valued: Set<String> = []
    var groups: [String] = []
    var commands: [String] = []
    var usual: String?
    /// Another type whose configuration it begins with.
    var base: String?

    static func all(_ swift: SwiftText) -> [String: CommandPart] {
        var parts: [String: CommandPart] = [:]
        for index in swift.tokens.indices where swift.tokens[index].reads("struct") {
            guard index + 1 < swift.tokens.count,
                let open = swift.tokens[index...].firstIndex(where: { $0.reads("{") }),
                let close = swift.closing(of: open)
            else { continue }
            var part = CommandPart()
            for position in open..<close { part.read(swift, position) }
            parts[swift.tokens[index + 1].text] = part
        }
        return parts
    }

    private mutating func read(_ swift: SwiftText, _ index: Int) {
        if swift.reads(["commandName", ":"], at: index) {
            name = swift.tokens[index + 2].text
        } else if swift.reads(["subcommands", ":", "["], at: index) {
            let end = swift.closing(of: index + 2) ?? index
            commands += Self.types(swift, index + 3..<max(end, index + 3))
        } else if swift.reads(["subcommands", ".", "append", "("], at: index) {
            let end = swift.closing(of: index + 3) ?? index
            commands += Self.types(swift, index + 4..<max(end, index + 4))
        } else if swift.reads(["defaultSubcommand", ":"], at: index) {
            usual = swift.tokens[index + 2].text
        } else if swift.reads([".", "configuration"], at: index), index > 0,
            swift.tokens[index - 1].text.first?.isUppercase == true
        {
            base = swift.tokens[index - 1].text
        } else if swift.reads(["@"], at: index), index + 1 < swift.tokens.count {
            readProperty(swift, index + 1)
        }
    }

    /// The types in `[A.self, B<C>.self]`.
    private static func types(_ swift: SwiftText, _ range: Range<Int>) -> [String] {
        range.filter { index in
            swift.tokens[index].kind == .word
                && (swift.reads([".", "self"], at: index + 1) || swift.reads(["<"], at: index + 1))
        }.map { swift.tokens[$0].text }
    }

    /// `@Option(...) var name: Type`
    private mutating func readProperty(_ swift: SwiftText, _ index: Int) {
        let attribute = swift.tokens[index].text
        guard ["Option", "Flag", "OptionGroup"].contains(attribute) else { return }
        var position = index + 1
        if swift.reads(["("], at: position), let end = swift.closing(of: position) {
            position = end + 1
        }
        let arguments = swift.tokens[index..<position]
        while position < swift.tokens.count, !swift.tokens[position].reads("var") { position += 1 }
        guard position + 3 < swift.tokens.count else { return }
        let property = swift.tokens[position + 1].text
        if attribute == "OptionGroup" {
            groups.append(swift.tokens[position + 3].text)
            return
        }
        options.insert("--" + Self.dashed(property))
        if attribute == "Option" { valued.insert("--" + Self.dashed(property)) }
        if arguments.contains(where: { $0.reads("shortAndLong") }), let first = property.first {
            options.insert("-\(first)")
        }
    }

    /// `stateDir` is `state-dir` on the command line.
    static func dashed(_ name: String) -> String {
        var text = ""
        for character in name {
            if character.isUppercase, !text.isEmpty { text += "-" }
            text += character.lowercased()
        }
        return text
    }
}
