/// The version of a part of the host that runs guests: libvirt, QEMU or the kernel.
public struct HypervisorVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first number.
    public let major: Int
    /// The second number.
    public let minor: Int
    /// The third number; libvirt calls it release.
    public let micro: Int

    /// A version from its three numbers.
    public init(_ major: Int, _ minor: Int, _ micro: Int = 0) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    /// From libvirt's number: major * 1,000,000 + minor * 1,000 + micro.
    public init(libvirtEncoded number: UInt) {
        let number = Int(clamping: number)
        self.init(number / 1_000_000, number / 1_000 % 1_000, number % 1_000)
    }

    /// From `uname -r`, such as `6.12.48+deb13-amd64`: the leading two or three numbers count,
    /// all that distributions append is skipped. nil if there are fewer than two.
    public init?(kernelRelease: String) {
        var numbers: [Int] = []
        var rest = kernelRelease[...]
        while numbers.count < 3 {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else { break }
            numbers.append(number)
            rest = rest.dropFirst(digits.count)
            guard rest.first == "." else { break }
            rest = rest.dropFirst()
        }
        guard numbers.count >= 2 else { return nil }
        self.init(numbers[0], numbers[1], numbers.count > 2 ? numbers[2] : 0)
    }

    /// By major, then minor, then micro.
    public static func < (left: HypervisorVersion, right: HypervisorVersion) -> Bool {
        (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
    }

    /// Dotted, `11.3.0`.
    public var description: String { "\(major).\(minor).\(micro)" }
}
