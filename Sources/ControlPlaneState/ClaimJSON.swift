import ComputeModel
import Foundation
import JSON

// The parts of a ledger as `Codable` writes them: keys in the order of their bytes, nothing for
// nil. A new property has to be added here; the tests compare the two.

extension Claim {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("capacity")
            capacity.write(to: &json)
            json.key("createdAt")
            json.number(createdAt.timeIntervalSinceReferenceDate)
            json.key("devices")
            json.array(devices) { $1.write(to: &$0) }
            json.key("instanceID")
            json.string(instanceID.text)
            if let numa {
                json.key("numa")
                numa.write(to: &json)
            }
            json.key("phase")
            json.string(phase.rawValue)
            json.key("projectID")
            json.string(projectID.text)
            json.key("workflowID")
            json.string(workflowID.text)
        }
    }
}

extension HostCapacity {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("diskGiB")
            json.number(diskGiB)
            json.key("memoryMiB")
            json.number(memoryMiB)
            json.key("vcpus")
            json.number(vcpus)
        }
    }
}

extension DeviceClaim {
    /// Appends it as ``Codable`` would.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            if let alias {
                json.key("alias")
                json.string(alias)
            }
            json.key("deviceID")
            json.string(deviceID.text)
            if let portID {
                json.key("portID")
                json.string(portID.text)
            }
        }
    }
}

extension NUMAPlacement {
    /// Appends it as ``Codable`` would.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("cells")
            json.array(cells) { $1.write(to: &$0) }
        }
    }
}

extension NUMACellPlacement {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("hostCell")
            json.number(hostCell)
            if let idleCPUs {
                json.key("idleCPUs")
                json.array(idleCPUs)
            }
            json.key("memoryMiB")
            json.number(memoryMiB)
            if let pageSizeKiB {
                json.key("pageSizeKiB")
                json.number(pageSizeKiB)
            }
            json.key("pins")
            json.array(pins) { json, pin in
                json.object { json in
                    json.key("hostCPU")
                    json.number(pin.hostCPU)
                    json.key("vcpu")
                    json.number(pin.vcpu)
                }
            }
            json.key("vcpus")
            json.array(vcpus)
        }
    }
}
