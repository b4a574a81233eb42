import JSON

/// A list of one noun in its three forms: table, JSON, ids only.
struct ListRendering: Sendable {
    /// A column and where its cells come from.
    struct Column: Sendable {
        var column: TableText.Column
        var cell: @Sendable (JSONValue) -> String?

        init(
            _ title: String, isNumber: Bool = false,
            _ cell: @escaping @Sendable (JSONValue) -> String?
        ) {
            column = TableText.Column(title, isNumber: isNumber)
            self.cell = cell
        }

        init(_ title: String, _ path: String, isNumber: Bool = false) {
            self.init(title, isNumber: isNumber) { $0.text(path) }
        }
    }

    var columns: [Column]
    /// The member that is the id.
    var idPath = "id"

    func render(_ items: [JSONValue], _ options: ListOptions) -> Rendering {
        if options.quiet {
            let ids = items.compactMap { $0.text(idPath) }
            return Rendering(ids.map { TableText.shown($0) + "\n" }.joined())
        }
        switch options.output.format {
        case .json: return Rendering(PrettyJSON.text(.array(items)))
        case .table: return Rendering(table(items).text)
        }
    }

    func table(_ items: [JSONValue]) -> TableText {
        TableText(
            columns: columns.map(\.column),
            rows: items.map { item in columns.map { $0.cell(item) } })
    }
}
