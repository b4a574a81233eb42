import Foundation

/// What libFuzzer calls, with the target that `FUZZ_TARGET` names.
private let target = FuzzTarget.all.first {
    $0.name == ProcessInfo.processInfo.environment["FUZZ_TARGET"]
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard let target else { preconditionFailure("FUZZ_TARGET names no target") }
    if let fault = target.check(Array(UnsafeBufferPointer(start: data, count: size))) {
        // A trap, so that libFuzzer keeps the input.
        preconditionFailure(fault)
    }
    return 0
}
