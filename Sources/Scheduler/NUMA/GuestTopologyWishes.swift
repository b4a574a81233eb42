/// The `hw:` extra specs of a flavor beside the `hw_` properties of an image.
struct TopologyWishes {
    /// A value with the key that it was given under.
    struct Wish: Equatable {
        let key: String
        let text: String
    }

    let extraSpecs: [String: String]
    let imageProperties: [String: String]

    /// What the flavor says; `name` without `hw:`.
    func flavor(_ name: String) -> Wish? {
        extraSpecs["hw:\(name)"].map { Wish(key: "hw:\(name)", text: $0) }
    }

    /// What the image says; `name` without `hw_`.
    func image(_ name: String) -> Wish? {
        imageProperties["hw_\(name)"].map { Wish(key: "hw_\(name)", text: $0) }
    }

    /// A value that flavor and image may both give as long as they agree.
    func agreed(_ name: String) throws(TopologyError) -> Wish? {
        guard let flavor = flavor(name) else { return image(name) }
        if let image = image(name), image.text != flavor.text {
            throw conflict(image, flavor, expected: "both alike, or one of them alone")
        }
        return flavor
    }

    /// The image's value can't stand beside the flavor's.
    func conflict(_ image: Wish, _ flavor: Wish, expected: String) -> TopologyError {
        .image(
            key: image.key, found: image.text, flavorKey: flavor.key, flavorValue: flavor.text,
            expected: expected)
    }

    /// Keys of one value for each node, such as `numa_cpus.`, by the text after the point.
    /// Flavor and image may share the nodes, and must agree where both name one.
    func nodes(_ name: String) throws(TopologyError) -> [String: Wish] {
        let flavorKeys = extraSpecs.keys.filter { $0.hasPrefix("hw:\(name).") }
        let imageKeys = imageProperties.keys.filter { $0.hasPrefix("hw_\(name).") }
        var found: [String: Wish] = [:]
        for key in (flavorKeys + imageKeys).sorted() {
            let node = String(key.dropFirst("hw:\(name).".count))
            found[node] = try agreed("\(name).\(node)")
        }
        return found
    }
}

extension TopologyWishes.Wish {
    /// One of an enum's raw values.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type
    ) throws(TopologyError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: text) else {
            throw refused("one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// A decimal number.
    func number(
        in range: ClosedRange<Int>, _ expected: String
    ) throws(TopologyError) -> Int {
        guard let number = Int(text), range.contains(number) else { throw refused(expected) }
        return number
    }

    func refused(_ expected: String) -> TopologyError {
        .value(key: key, found: text, expected: expected)
    }
}
