import DeviceTracking
import Foundation
import JSON
import Yams

/// A `device_spec` in a file: an agent's configuration, a bare list, or JSON as in nova.conf.
public struct SpecDocument: Sendable {
    /// The entries.
    public var entries: [DeviceSpecEntry]
    /// Names of offered software devices; nil when the file doesn't speak of them.
    public var softwareDevices: Set<String>?

    /// Values of a `device_spec` key as a configuration reader gives them: a list of maps and of
    /// texts that hold JSON, or just one of these.
    public static func values(_ value: JSONValue) -> [JSONValue] {
        if case .array(let items) = value { return items.map(withTextIDs) }
        return [withTextIDs(value)]
    }

    /// Ids of digits alone are numbers to YAML; their digits are what was meant.
    private static let idKeys: Set<String> = ["vendor_id", "product_id"]

    private static func withTextIDs(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map(withTextIDs))
        case .object(let members):
            return .object(
                members.map { member in
                    if idKeys.contains(member.key), case .integer(let number) = member.value {
                        return .init(member.key, .string(String(number)))
                    }
                    return .init(member.key, withTextIDs(member.value))
                })
        case .null, .bool, .integer, .number, .string: return value
        }
    }

    /// Reads the text of the file `path`. JSON is read with places for messages; what is called
    /// `.yaml` or `.yml`, or begins like neither list nor object, is YAML.
    static func read(_ text: String, path: String) throws(CommandFailure) -> SpecDocument {
        let isYAML = [".yaml", ".yml"].contains { path.lowercased().hasSuffix($0) }
        let first = text.first { !$0.isWhitespace }
        do throws(DeviceSpecError) {
            if !isYAML, first == "[" || first == "{" {
                return SpecDocument(entries: try DeviceSpec(json: [text]).entries)
            }
            return try tree(text, path)
        } catch {
            throw .usage("\(path): \(error)")
        }
    }

    private init(entries: [DeviceSpecEntry], softwareDevices: Set<String>? = nil) {
        self.entries = entries
        self.softwareDevices = softwareDevices
    }

    private static func tree(
        _ text: String, _ path: String
    ) throws(DeviceSpecError) -> SpecDocument {
        let value: JSONValue
        do {
            value = try YAMLDecoder().decode(JSONValue.self, from: text)
        } catch {
            throw .malformed(
                entry: 0, at: nil, found: "neither JSON nor YAML (\(error))",
                expected: "a list of entries, or a map with the key 'device_spec'")
        }
        guard case .object = value else {
            return SpecDocument(entries: try DeviceSpec(reading: values(value)).entries)
        }
        guard let spec = value["device_spec"] else {
            throw .malformed(
                entry: 0, at: nil, found: "a map without the key 'device_spec'",
                expected: "that key, or a list of entries")
        }
        let entries = try DeviceSpec(reading: spec == .null ? [] : values(spec)).entries
        return SpecDocument(
            entries: entries,
            softwareDevices: Set(value.texts("software_devices")))
    }
}

/// Files that commands read.
enum InputFile {
    /// A `device_spec` or an agent's configuration is at most so long.
    static let specBytesMax = 1 << 20

    /// The text of `path`, relative to the working directory.
    static func read(
        _ path: String, bytesMax: Int, _ context: CommandContext
    ) throws(CommandFailure) -> String {
        let file =
            path.hasPrefix("/")
            ? URL(fileURLWithPath: path) : context.workingDirectory.appendingPathComponent(path)
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { handle.closeFile() }
            data = try handle.read(upToCount: bytesMax + 1) ?? Data()
        } catch {
            throw .usage("\(file.path) can't be read: check the path and who may read it")
        }
        guard data.count <= bytesMax else {
            throw .usage("\(file.path) is longer than \(bytesMax) bytes")
        }
        guard let text = String(bytes: data, encoding: .utf8) else {
            throw .usage("\(file.path) is not UTF-8 text")
        }
        return text
    }
}
