/// A moment in UTC in the two notations of ISO 9660.
struct ISO9660Timestamp: Sendable, Hashable {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int

    private static let secondsPerDay: Int64 = 86400
    /// Years are stored as one byte counted from 1900.
    private static let yearRange = 1970...2155
    /// The first second of 2156.
    private static let endSeconds: Int64 = 5_869_584_000

    init(secondsSince1970 seconds: Int64) throws(ISO9660Error) {
        guard seconds >= 0, seconds < Self.endSeconds else {
            throw .badTimestamp(secondsSince1970: seconds)
        }
        var days = Int(seconds / Self.secondsPerDay)
        let rest = Int(seconds % Self.secondsPerDay)
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
        var year = Self.yearRange.lowerBound
        while days >= Self.daysIn(year: year) {
            days -= Self.daysIn(year: year)
            year += 1
        }
        var month = 1
        while days >= Self.daysIn(month: month, year: year) {
            days -= Self.daysIn(month: month, year: year)
            month += 1
        }
        (self.year, self.month, day) = (year, month, days + 1)
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func daysIn(year: Int) -> Int { isLeap(year) ? 366 : 365 }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The seven bytes of a directory record (ISO 9660, 9.1.5); the last is the offset from UTC.
    var recordBytes: [UInt8] {
        [year - 1900, month, day, hour, minute, second, 0].map { UInt8(truncatingIfNeeded: $0) }
    }

    /// The 17 bytes of a volume descriptor (8.4.26.1): digits, hundredths, offset from UTC.
    var descriptorBytes: [UInt8] {
        let parts = [(year, 4), (month, 2), (day, 2), (hour, 2), (minute, 2), (second, 2), (0, 2)]
        let digits = parts.map { value, width in
            String(repeating: "0", count: max(0, width - String(value).count)) + String(value)
        }
        return Array(digits.joined().utf8) + [0]
    }
}
