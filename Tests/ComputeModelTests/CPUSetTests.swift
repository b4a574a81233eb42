import ComputeModel
import Testing

@Suite struct CPUSetTests {
    @Test(
        arguments: [
            ("3", [3]), ("0-3", [0, 1, 2, 3]), ("2-3,6", [2, 3, 6]), ("6, 2-3", [2, 3, 6]),
            ("1,1,0-1", [0, 1]), ("0-4,^2", [0, 1, 3, 4]), ("^2,0-2", [0, 1]), ("5-5", [5]),
            ("65535", [65_535]), ("1,^1", []),
        ] as [(String, [Int])])
    func reads(_ text: String, _ numbers: [Int]) {
        #expect(CPUSet(text)?.numbers == numbers)
    }

    @Test(
        arguments: [
            "", ",", "1,", "a", "-1", "1-", "-", "3-1", "1-2-3", "^", "^1-2", "0x1", "+1", "٣",
            "65536", "99999999999999999999", "1;2", "1 2",
            String(repeating: "1,", count: 2_048) + "1",
        ])
    func refuses(_ text: String) {
        #expect(CPUSet(text) == nil)
    }
}
