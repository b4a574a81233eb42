import ComputeModel
import Scheduler

extension ImageDemand {
    /// What an image's properties say of the machine that it runs on. Where a property has an old
    /// and a new name, the new one counts.
    init(_ image: Image) {
        self.init()
        func property(_ names: String...) -> String? {
            names.lazy.compactMap { image.properties[$0] }.first { !$0.isEmpty }?.lowercased()
        }
        architecture = property("hw_architecture", "architecture").map(Self.architecture)
        hypervisorType = property("img_hv_type", "hypervisor_type")
        vmMode = property("hw_vm_mode", "vm_mode").map(Self.vmMode)
    }

    /// Names that other systems have for the same thing, as Nova takes them.
    private static func architecture(_ name: String) -> String {
        switch name {
        case "amd64", "x64": "x86_64"
        case "arm64": "aarch64"
        case "i386", "i486", "i586": "i686"
        default: name
        }
    }

    private static func vmMode(_ name: String) -> String {
        name == "hv" || name == "baremetal" ? "hvm" : name
    }
}
