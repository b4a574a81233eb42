/// Rows in aligned columns under a header line.
struct TableText: Sendable {
    /// A column's title, and whether its cells are numbers.
    struct Column: Sendable {
        var title: String
        var isNumber = false

        init(_ title: String, isNumber: Bool = false) {
            self.title = title
            self.isNumber = isNumber
        }
    }

    private static let gap = "  "
    private static let absent = "-"

    var columns: [Column]
    /// One cell a column; nil and "" are shown as a dash.
    var rows: [[String?]]

    /// The table with a line feed at the end of each line and no blanks before it.
    var text: String {
        let cells = rows.map { row in row.map { Self.shown($0) } }
        let widths = columns.indices.map { index in
            cells.map { $0[index].count }.reduce(columns[index].title.count, max)
        }
        let lines = [columns.map(\.title)] + cells
        return lines.map { line($0, widths) + "\n" }.joined()
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { index in
            let blanks = String(repeating: " ", count: widths[index] - cells[index].count)
            return columns[index].isNumber ? blanks + cells[index] : cells[index] + blanks
        }
        let line = padded.joined(separator: Self.gap)
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// Names come from tenants: what would move the cursor or break the line is not passed on.
    static func shown(_ cell: String?) -> String {
        guard let cell, !cell.isEmpty else { return absent }
        return String(
            cell.map { character in
                let isControl = character.unicodeScalars.contains {
                    $0.properties.generalCategory == .control
                        || $0.properties.generalCategory == .format
                }
                return isControl ? "?" : character
            })
    }
}

extension TableText {
    /// Two columns: names and values.
    static func fields(_ pairs: [(String, String?)]) -> TableText {
        TableText(
            columns: [Column("FIELD"), Column("VALUE")], rows: pairs.map { [$0.0, $0.1] })
    }
}
