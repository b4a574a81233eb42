import OVSDB
import TestSupport

extension OVSDBServer {
    var address: OVSDBAddress { .unix(path: socketPath) }
}
