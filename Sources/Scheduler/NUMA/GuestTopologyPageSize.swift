/// `mem_page_size` as read, with where it was given.
struct PageSizeWish {
    let demand: PageSizeDemand
    private let wish: TopologyWishes.Wish

    /// `small`, `large`, `any`, or a size in KiB or with a unit (all of them powers of 1,024).
    init(_ wish: TopologyWishes.Wish) throws(TopologyError) {
        self.wish = wish
        switch wish.text {
        case "small": demand = .small
        case "large": demand = .large
        case "any": demand = .any
        default:
            guard let kib = Self.kib(wish.text) else {
                throw wish.refused(
                    "'small', 'large', 'any' or the size of a page, such as '2048' (KiB), '2MB'"
                        + " or '1GB'")
            }
            let isOrdinary = kib == TopologyLimits.pageSizeKiB.lowerBound
            demand = isOrdinary ? .small : .size(kib: kib)
        }
    }

    /// Nodes consist of whole pages.
    func check(_ cells: [GuestCell]) throws(TopologyError) {
        guard case .size(let kib) = demand,
            let uneven = cells.first(where: { $0.memoryMiB * 1_024 % kib != 0 })
        else { return }
        throw wish.refused("a size that divides a node's \(uneven.memoryMiB) MiB")
    }

    private static func kib(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int
        switch text.dropFirst(digits.count) {
        case "", "K", "KB", "KiB": factor = 1
        case "M", "MB", "MiB": factor = 1 << 10
        case "G", "GB", "GiB": factor = 1 << 20
        default: return nil
        }
        guard let number = Int(digits) else { return nil }
        let (kib, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, TopologyLimits.pageSizeKiB.contains(kib), kib & (kib - 1) == 0 else {
            return nil
        }
        return kib
    }
}
